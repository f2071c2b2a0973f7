//! What is done while a lock is held: a command, or nothing until somebody interrupts.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};
use understudy_client::Lock;

use super::print;
use crate::failure::Failure;

/// What asks the process to go: noticed from when this is made, so that none falls between waiting for a
/// lock and holding it.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub fn new() -> Result<Self, Failure> {
        let interrupt = signal(SignalKind::interrupt()).map_err(Failure::new)?;
        let terminate = signal(SignalKind::terminate()).map_err(Failure::new)?;
        Ok(Signals { interrupt, terminate })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What a held lock is for.
pub struct Guard<'a> {
    pub name: &'a str,
    pub ttl: Duration,
    /// The program and its arguments; empty: none.
    pub command: &'a [OsString],
}

impl Guard<'_> {
    /// Runs the command, or waits for Ctrl-C or SIGTERM, and releases the lock. A lock that is lost
    /// meanwhile ends the command.
    pub async fn run(&self, lock: Lock, signals: Signals) -> Result<(), Failure> {
        let ended = match self.command.split_first() {
            None => self.idle(&lock, signals).await,
            Some((program, arguments)) => self.supervise(&lock, program, arguments, signals).await,
        };
        if let Err(error) = lock.release().await {
            // How the command ended counts: the lock is free once its lease has ended.
            print::note(format_args!(
                "understudy: lock {:?} may be free only after {:?}: {error}",
                self.name, self.ttl
            ));
        }
        ended
    }

    async fn idle(&self, lock: &Lock, mut signals: Signals) -> Result<(), Failure> {
        tokio::select! {
            () = signals.next() => Ok(()),
            () = lock.lost() => Err(self.lost()),
        }
    }

    async fn supervise(
        &self,
        lock: &Lock,
        program: &OsString,
        arguments: &[OsString],
        mut signals: Signals,
    ) -> Result<(), Failure> {
        let mut child = Command::new(program)
            .args(arguments)
            .env("UNDERSTUDY_LOCK", self.name)
            .env("UNDERSTUDY_TOKEN", lock.token().to_string())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Failure::new(format!("cannot run {}: {error}", program.display())))?;
        loop {
            tokio::select! {
                status = child.wait() => return ended(status.map_err(Failure::new)?),
                // The terminal has sent the command the same.
                _ = signals.interrupt.recv() => {}
                _ = signals.terminate.recv() => tell(&child),
                () = lock.lost() => {
                    tell(&child);
                    // Others get the lock a tenth of its time later: by then the command is gone.
                    if tokio::time::timeout(self.ttl / 20, child.wait()).await.is_err() {
                        child.kill().await.map_err(Failure::new)?;
                    }
                    return Err(self.lost());
                }
            }
        }
    }

    fn lost(&self) -> Failure {
        let what = if self.command.is_empty() { "" } else { ", the command was ended" };
        Failure::new(format!("lock {:?} is lost: it was not renewed in time{what}", self.name))
    }
}

/// Asks the command to go.
fn tell(child: &Child) {
    let pid = child.id().and_then(|id| Pid::from_raw(id as i32));
    // One that has ended meanwhile needs no signal.
    let _ = pid.map(|pid| kill_process(pid, rustix::process::Signal::TERM));
}

fn ended(status: ExitStatus) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    let by_signal = status.signal().map_or(1, |signal| 128 + signal);
    Err(Failure::Command(u8::try_from(status.code().unwrap_or(by_signal)).unwrap_or(1)))
}
