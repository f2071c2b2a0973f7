//! What is done while a lock is held: a command, or nothing until somebody interrupts.

mod command;
mod signals;

use std::ffi::OsString;
use std::pin::pin;
use std::time::Duration;

use understudy_client::{Error, Lock};

use crate::failure::{self, Failure};
use crate::supervisor::Report;
use command::Command;
use signals::is_of_terminal;
pub use signals::{PASSED_ON, Signals};

/// What a held lock is for.
pub struct Guard<'a> {
    pub name: &'a str,
    pub ttl: Duration,
    /// The program and its arguments; empty: none.
    pub command: &'a [OsString],
}

impl Guard<'_> {
    /// Runs the command, or waits for a signal, and releases the lock once nothing of the command is left.
    /// A lock that is lost meanwhile ends the command.
    pub async fn run(&self, lock: Lock, signals: Signals) -> Result<(), Failure> {
        let ended = match self.command {
            [] => self.idle(&lock, signals).await,
            command => self.supervise(&lock, command, signals).await,
        };
        match lock.release().await {
            Ok(()) => ended,
            // Whatever the command says: at its end it ran without the lock.
            Err(error @ Error::LockLost { .. }) => match ended {
                Err(failure @ Failure::Failed { .. }) => Err(failure),
                _ => Err(error.into()),
            },
            Err(error) => {
                // How the command ended counts: the lock is free once its lease has ended.
                let (name, ttl) = (self.name, self.ttl);
                let late = format!("lock {name:?} may be free only after {ttl:?}: {error}");
                failure::note(Failure::from(error).code(), late);
                ended
            }
        }
    }

    async fn idle(&self, lock: &Lock, mut signals: Signals) -> Result<(), Failure> {
        tokio::select! {
            _ = signals.next() => Ok(()),
            () = lock.lost() => Err(self.lost_how(lock)),
        }
    }

    async fn supervise(
        &self,
        lock: &Lock,
        command: &[OsString],
        mut signals: Signals,
    ) -> Result<(), Failure> {
        let mut until = lock.held_until().ok_or_else(|| self.lost())?;
        let mut command = Command::start(command, (self.name, lock), (until, self.ttl))
            .map_err(|error| Failure::new(format!("cannot supervise the command: {error}")))?;
        let mut lost = pin!(lock.lost());
        loop {
            tokio::select! {
                report = command.ended() => {
                    return match report {
                        Some(Report::Ended(0)) => Ok(()),
                        Some(Report::Ended(code)) => Err(Failure::Command(code)),
                        Some(Report::Lost) => Err(self.lost()),
                        None => {
                            command.end().await;
                            Err(Failure::new("the command was ended: its supervisor was killed"))
                        }
                    };
                }
                origin = signals.next() => if !is_of_terminal(&origin) {
                    command.signal(origin.signal).await;
                },
                () = &mut lost => {
                    command.end().await;
                    return Err(self.lost_how(lock));
                }
                Some(later) = lock.renewed(until) => {
                    until = later;
                    command.put_off(until).await;
                }
            }
        }
    }

    fn lost(&self) -> Failure {
        self.lost_because("it was not renewed in time")
    }

    fn lost_how(&self, lock: &Lock) -> Failure {
        match lock.is_held() {
            true => self.lost_because("its key was taken away"),
            false => self.lost(),
        }
    }

    fn lost_because(&self, why: &str) -> Failure {
        let what = if self.command.is_empty() { "" } else { ", the command was ended" };
        Failure::coded("LOCK_LOST", format!("lock {:?} is lost: {why}{what}", self.name))
    }
}
