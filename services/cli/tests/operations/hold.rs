//! `understudy hold`.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::binary;

#[test]
fn it_stays_until_it_is_asked_to_go_and_ends_well() {
    let mut command = Command::new(binary());
    let mut process = command.env_clear().arg("hold").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("holding"), "{line}");
    assert!(process.try_wait().unwrap().is_none(), "it has ended by itself");
    let pid = Pid::from_raw(process.id().cast_signed()).unwrap();
    // Whoever rotates logs does not end it, either.
    kill_process(pid, Signal::HUP).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(process.try_wait().unwrap().is_none(), "SIGHUP has ended it");
    kill_process(pid, Signal::TERM).unwrap();
    assert!(process.wait().unwrap().success());
}
