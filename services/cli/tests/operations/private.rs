//! What is made belongs to its owner alone, whatever the umask.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::harness::cluster::{Cluster, progress};
use crate::harness::command::succeed;
use crate::harness::{binary, turn};

/// Ends with the test, however that ends.
struct Dev(Child);

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Everything in a directory, itself included.
fn all(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![dir.to_owned()];
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(all(&path)),
            false => found.push(path),
        }
    }
    found
}

fn assert_private(dir: &Path) {
    let paths = all(dir);
    assert!(paths.len() > 4, "{paths:?}");
    for path in paths {
        // What is removed meanwhile is nobody's.
        let Ok(metadata) = fs::metadata(&path) else { continue };
        let wanted = if metadata.is_dir() { 0o700 } else { 0o600 };
        let mode = metadata.permissions().mode() & 0o7777;
        assert_eq!(format!("{mode:o}"), format!("{wanted:o}"), "{}", path.display());
    }
}

#[test]
fn what_torture_makes_is_private() {
    // Of the whole process: every other test makes what it makes with this umask, too.
    rustix::process::umask(rustix::fs::Mode::empty());
    let dir = tempfile::tempdir().unwrap();
    let history = dir.path().join("history");
    let (kept, log) = (history.display().to_string(), dir.path().join("log").display().to_string());
    succeed(&["demo", "--kills", "1", "--history", &kept, "--log", &log]);
    for path in [&history, Path::new(&log)] {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(format!("{mode:o}"), "600", "{}", path.display());
    }
}

#[tokio::test]
async fn what_dev_makes_is_private_and_its_directory_is_one_pairs() {
    let _turn = turn().await;
    rustix::process::umask(rustix::fs::Mode::empty());
    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().join("new/pair");
    let start = || {
        let mut command = Command::new(binary());
        command.env_clear().args(["dev", "--port", "0", "--output", "json", "--dir"]).arg(&dir);
        command.arg("--").args(["--snapshot-bytes", "4096", "--segment-bytes", "65536"]);
        command
    };
    let mut dev = Dev(start().stdout(std::process::Stdio::piped()).spawn().unwrap());
    let first = &mut dev.0;
    let mut ready = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(first.stdout.take().unwrap()),
        &mut ready,
    )
    .unwrap();
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    let address = ready["address"].as_str().unwrap();
    let value = "v".repeat(10_000);
    for n in 0..30 {
        succeed(&["put", "--endpoints", address, &format!("k{n}"), &value]);
    }
    assert_private(&dir);
    assert_private(dir.parent().unwrap());

    // It serves on after a SIGHUP, and its directory is its own.
    let pid = rustix::process::Pid::from_raw(first.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    let second = start().output().unwrap();
    let says = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{says}");
    assert!(says.contains(&format!("held by process {}", first.id())), "{says}");
    succeed(&["put", "--endpoints", address, "k", "v"]);
}

#[tokio::test]
async fn what_replicas_make_is_private() {
    rustix::process::umask(rustix::fs::Mode::empty());
    let mut cluster = Cluster::new(2).await;
    cluster.extra = ["--snapshot-bytes", "4096", "--segment-bytes", "65536"].map(Into::into).into();
    cluster.start_all();
    let primary = cluster.complete().await;
    let load = cluster.load(4);
    progress(&load, 300).await;
    // A damaged directory is set aside; another epoch is in the register.
    cluster.kill(1 - primary);
    let data = cluster.replicas[1 - primary].data.clone();
    let damaged = all(&data).into_iter().find(|path| path.to_string_lossy().contains("identity"));
    if let Some(path) = damaged {
        fs::write(path, "no").unwrap();
    }
    cluster.start(1 - primary);
    cluster.complete().await;
    load.finish().await;
    // Both data directories, and the one that was set aside.
    let entries = fs::read_dir(cluster.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let data: Vec<_> = entries.filter(|path| path.is_dir() && *path != cluster.register).collect();
    assert_eq!(data.len(), 3, "{data:?}");
    data.iter().for_each(|data| assert_private(data));
    let register = all(&cluster.register);
    assert!(register.len() > 2, "{register:?}");
    for path in &register[1..] {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(format!("{mode:o}"), "600", "{}", path.display());
    }
}
