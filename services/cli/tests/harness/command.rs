//! The binary as a command that ends.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::binary;

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs `understudy` with these arguments, without a terminal.
pub fn understudy(arguments: &[&str]) -> Ended {
    run(Command::new(binary()).env_clear(), arguments)
}

/// The same with a kubeconfig.
pub fn understudy_as(kubeconfig: &Path, arguments: &[&str]) -> Ended {
    run(Command::new(binary()).env_clear().env("KUBECONFIG", kubeconfig), arguments)
}

fn run(command: &mut Command, arguments: &[&str]) -> Ended {
    command.args(arguments).stdin(Stdio::null());
    let Output { status, stdout, stderr } = command.output().unwrap();
    Ended {
        code: status.code(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// Standard output or error on a disk without room.
pub fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// Standard output or error whose reader has gone.
pub fn gone() -> Stdio {
    let (_, writer) = std::io::pipe().unwrap();
    writer.into()
}

/// Runs it with these streams; gives the exit code.
pub fn code(arguments: &[&str], out: Stdio, err: Stdio) -> Option<i32> {
    let mut command = Command::new(binary());
    command.env_clear().args(arguments).stdin(Stdio::null()).stdout(out).stderr(err);
    command.status().unwrap().code()
}

/// Runs it and wants it to succeed.
pub fn succeed(arguments: &[&str]) -> String {
    let ended = understudy(arguments);
    assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
    ended.out
}

/// Runs it and wants it to fail with exit code 1 and one line on standard error that says this.
pub fn refuse(arguments: &[&str], says: &str) {
    let ended = understudy(arguments);
    assert_eq!(ended.code, Some(1), "{arguments:?}: {ended:?}");
    let last = ended.err.lines().last().unwrap_or_default();
    assert!(last.starts_with("understudy: ") && last.contains(says), "{says:?} in {ended:?}");
}

/// What `verify --output json` says about a data directory.
pub fn verified(data: &Path) -> serde_json::Value {
    let ended = understudy(&["verify", "--output", "json", data.to_str().unwrap()]);
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

/// Copies a directory of files.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
