//! The binary as a command that is under way.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{binary, wait};

/// The command, under way; killed with the test.
pub struct Running {
    child: Child,
    /// None once it has been closed.
    out: Option<BufReader<ChildStdout>>,
}

impl Running {
    pub fn start(arguments: &[&str]) -> Self {
        Running::start_with(arguments, &[])
    }

    /// With these variables in its environment.
    pub fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(binary());
        command.args(arguments).envs(variables.iter().copied());
        // Some are stopped. Where the tests' own process group is an orphaned one (under a daemon, in a container), the
        // kernel would hang up on all of it.
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = child.stdout.take().map(BufReader::new);
        Running { child, out }
    }

    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid()).unwrap(), signal).unwrap();
    }

    /// Waits for its next line.
    pub fn says(&mut self) -> String {
        let mut line = String::new();
        self.out.as_mut().unwrap().read_line(&mut line).unwrap();
        line
    }

    /// Whoever reads its standard output goes.
    pub fn close_stdout(&mut self) {
        self.out = None;
    }

    /// Waits until it has ended.
    pub async fn ends(&mut self) {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < wait::BOUND, "it does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Its exit code and what it printed and was not read yet.
    pub fn ended(mut self) -> (Option<i32>, String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        if let Some(mut rest) = self.out.take() {
            rest.read_to_string(&mut out).unwrap();
        }
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().code(), out, err)
    }
}

impl Running {
    /// Its exit code and what it complained of.
    pub fn failed(self) -> (Option<i32>, String) {
        let (code, _, err) = self.ended();
        (code, err)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
