//! `understudy lock`.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use understudy_client::{Client, Lock as Held};

use super::connection::Connection;
use super::guard::{Guard, Signals};
use super::{duration, print, record};
use crate::failure::Failure;

/// Takes a lock, runs a command while it is held, and exits as the command does.
///
/// The command finds the lock's name in UNDERSTUDY_LOCK, its key in UNDERSTUDY_KEY, and the fencing token, the
/// revision that created this key, in UNDERSTUDY_TOKEN. Before another can have the lock it gets SIGTERM and soon
/// SIGKILL, with all its processes, and `understudy lock` exits 1. What the command leaves running when it
/// ends is ended, too. Signals are passed on: HUP, INT, QUIT and TERM to all of its processes, USR1 and USR2
/// to the command.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  understudy lock nightly -- ./report.sh
  understudy lock --wait 0s nightly -- ./report.sh
  understudy lock nightly

Exit codes: the command's, and
  1    the lock is not free in time, or was lost
  126  the command cannot be run
  127  the command is not found
  130  ended by Ctrl-C (128 + N: by signal N)")]
pub struct Lock {
    /// The lock's name, any text; its keys are NAME/.lock/...
    name: String,
    #[command(flatten)]
    how: How,
    /// What to run; left out: the token is printed and the lock is held until Ctrl-C.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    #[command(flatten)]
    connection: Connection,
}

/// How a lock is taken.
#[derive(Debug, Args)]
pub struct How {
    /// How long the lock stays taken after its holder has crashed.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse_ttl)]
    pub ttl: Duration,
    /// Give up if it is not free within this time; 0: at once. Default: wait forever.
    #[arg(long, value_name = "TIME", value_parser = duration::parse_or_zero)]
    pub wait: Option<Duration>,
}

impl Lock {
    pub async fn run(self) -> Result<(), Failure> {
        let client = self.connection.client();
        let Self { name, how, command, connection } = &self;
        let done = how.hold(&client, connection, (name, &who()), command).await;
        client.close().await;
        done
    }
}

impl How {
    /// Takes the lock of this name, with this value, and holds it for the command; without one, says so.
    pub async fn hold(
        &self,
        client: &Client,
        connection: &Connection,
        (name, value): (&str, &str),
        command: &[OsString],
    ) -> Result<(), Failure> {
        let mut signals = Signals::new().map_err(Failure::new)?;
        let lock = self.take(client, name, value, &mut signals).await?;
        if command.is_empty() {
            announce(client, connection, name, &lock);
            if let Err(failure) = print::written() {
                // Nobody would know that it is held.
                let _ = lock.release().await;
                return Err(Failure::new(format!("lock {name:?} is released again: {failure}")));
            }
        }
        Guard { name, ttl: self.ttl, command }.run(lock, signals).await
    }

    async fn take(
        &self,
        client: &Client,
        name: &str,
        value: &str,
        signals: &mut Signals,
    ) -> Result<Held, Failure> {
        let mut acquire = client.lock(name).value(value.to_owned()).ttl(self.ttl);
        if let Some(wait) = self.wait {
            acquire = acquire.wait(wait);
        }
        tokio::select! {
            lock = acquire => Ok(lock?),
            origin = signals.next() => Err(Failure::Shell {
                message: format!("lock {name:?} is given up: signal {} ended the wait", origin.signal),
                code: u8::try_from(128 + origin.signal).unwrap_or(1),
            }),
        }
    }
}

/// Says that a lock is held.
fn announce(client: &Client, connection: &Connection, name: &str, lock: &Held) {
    if connection.json() {
        let key = String::from_utf8_lossy(lock.key());
        let held = json!({ "name": name, "token": lock.token(), "key": key });
        return print::json(&record::answer(client, held));
    }
    let name = print::text(name.as_bytes());
    print::line(format_args!("{name} is held, token {}: Ctrl-C releases it", lock.token()));
}

/// What others see of who holds a lock.
fn who() -> String {
    let host = rustix::system::uname();
    format!("{}, process {}", host.nodename().to_string_lossy(), std::process::id())
}
