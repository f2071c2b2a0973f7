//! The supervisor.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream as Blocking;
use std::os::unix::process::CommandExt as _;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, getpgrp, getpid, kill_process, setpgid};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};

use super::clock::{boot_time, until};
use super::order::{Order, Report, take_over_stdin};
use super::processes::{adopt_orphans, ask_to_go, exit_code, reap, signal_all};
use super::{EXEC, itself};
use crate::client::PASSED_ON;
use crate::failure::Failure;
use crate::runtime;

/// How long whoever is asked to go has for it, if the lock lasts that long.
const GRACE: Duration = Duration::from_secs(1);
/// Until those that were killed are looked at again: it doubles, for those that cannot be.
const AGAIN: Duration = Duration::from_millis(2);
const AGAIN_AT_MOST: Duration = Duration::from_millis(200);

/// Runs the command until nothing of it is left.
pub fn run(command: &[OsString]) -> ExitCode {
    match runtime::block_on(supervise(command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn supervise(command: &[OsString]) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::new(format!("cannot supervise the command: {error}"));
    let _ = rustix::thread::set_name(c"lock-supervisor");
    let group = getpgrp();
    setpgid(None, None).map_err(|error| failed(error.into()))?;
    adopt_orphans().map_err(failed)?;
    // They are for `understudy lock`, which passes them on: whoever signals everything signals this, too.
    for number in PASSED_ON {
        // Handled from now on, and not listened to.
        drop(signal(SignalKind::from_raw(number)).map_err(failed)?);
    }
    let mut children = signal(SignalKind::child()).map_err(failed)?;
    let channel = io::stdin().as_fd().try_clone_to_owned().map_err(failed)?;
    let stdin = take_over_stdin(channel.as_fd()).map_err(failed)?;
    let channel = Blocking::from(channel);
    channel.set_nonblocking(true).map_err(failed)?;
    let told = UnixStream::from_std(channel.try_clone().map_err(failed)?).map_err(failed)?;
    let mut told = BufReader::new(told).lines();

    // Nothing runs before it is known until when it may.
    let mut ending = Ending::default();
    match next(&mut told).await {
        Some(Order::Until { ask, kill }) if boot_time() < ask => ending.put_off(ask, kill),
        _ => return tell(&channel, Report::Lost),
    }
    let mut exec = itself(EXEC);
    exec.arg(getpid().as_raw_nonzero().to_string()).args(command);
    exec.process_group(group.as_raw_nonzero().get()).stdin(Stdio::from(stdin));
    let command = Pid::from_child(&exec.spawn().map_err(failed)?);
    // It alone holds what it was given, and what it leaves open is its own affair.
    drop(exec);

    let mut code = None;
    loop {
        let (ended, any_left) = reap();
        let status = ended.into_iter().find(|(pid, _)| *pid == command);
        code = code.or(status.map(|(_, status)| exit_code(status)));
        if !any_left {
            break;
        }
        if code.is_some() {
            // What it has left running must not outlive the lock, which is released now.
            ending.begin(GRACE);
        }
        let due = ending.next();
        tokio::select! {
            _ = children.recv() => {}
            () = until(due) => {}
            order = next(&mut told), if !ending.alone => match order {
                Some(order) => obey(order, command, &mut ending),
                None => {
                    ending.alone = true;
                    ending.begin(GRACE);
                }
            },
        }
    }
    let report = if ending.lost { Report::Lost } else { Report::Ended(code.unwrap_or(1)) };
    tell(&channel, report)
}

/// If nobody is left to hear it, nobody needs it.
fn tell(mut channel: &Blocking, report: Report) -> Result<(), Failure> {
    let _ = channel.write_all(report.to_line().as_bytes());
    Ok(())
}

/// The next order; none when there will be no more.
async fn next(told: &mut Lines<BufReader<UnixStream>>) -> Option<Order> {
    loop {
        let line = told.next_line().await.ok().flatten()?;
        if let Some(order) = Order::of_line(&line) {
            return Some(order);
        }
    }
}

fn obey(order: Order, command: Pid, ending: &mut Ending) {
    match order {
        Order::Until { ask, kill } => ending.put_off(ask, kill),
        Order::Kill => ending.kill = Duration::ZERO,
        Order::Signal(number) => match Signal::from_named_raw(number) {
            // Said to the command alone: to others of its processes they may mean their end.
            Some(signal @ (Signal::USR1 | Signal::USR2)) => {
                let _ = kill_process(command, signal);
            }
            Some(signal) => signal_all(signal),
            None => {}
        },
    }
}

/// When the command must go.
#[derive(Debug)]
struct Ending {
    /// When it is asked to.
    ask: Duration,
    /// When it is killed.
    kill: Duration,
    /// It has been asked to.
    begun: bool,
    /// Because the lock's time was over.
    lost: bool,
    /// Nobody is left who holds the lock.
    alone: bool,
    again: Duration,
}

impl Default for Ending {
    fn default() -> Self {
        let (begun, lost, alone) = (false, false, false);
        Ending { ask: Duration::MAX, kill: Duration::MAX, begun, lost, alone, again: AGAIN }
    }
}

impl Ending {
    /// The lock lasts longer.
    fn put_off(&mut self, ask: Duration, kill: Duration) {
        if !self.begun {
            (self.ask, self.kill) = (ask, kill);
        }
    }

    /// All must go: they are asked to, and killed if they do not.
    fn begin(&mut self, grace: Duration) {
        if !self.begun {
            self.begun = true;
            self.kill = self.kill.min(boot_time().saturating_add(grace));
            ask_to_go();
        }
    }

    /// Does what is due; gives when the next is.
    fn next(&mut self) -> Duration {
        let now = boot_time();
        if self.ask <= now && !self.begun {
            self.lost = true;
            self.begin(Duration::MAX);
        }
        if self.kill <= now {
            self.lost |= !self.begun;
            self.begun = true;
            signal_all(Signal::KILL);
            let again = now + self.again;
            self.again = (self.again * 2).min(AGAIN_AT_MOST);
            return again;
        }
        if self.begun { self.kill } else { self.ask.min(self.kill) }
    }
}
