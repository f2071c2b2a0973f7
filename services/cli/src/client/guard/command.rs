//! The command that runs while a lock is held, seen from the process that holds it.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Blocking;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;
use understudy_client::Lock;

use crate::supervisor::processes::{adopt_orphans, reap, signal_all};
use crate::supervisor::{self, Order, Report, boot_time, hand_over_stdin};

/// How long the supervisor may take to end everything when it is told to. It needs milliseconds,
/// unless it is stopped or starved.
const PROMPT: Duration = Duration::from_millis(100);
const AGAIN: Duration = Duration::from_millis(5);

/// The running command, and its supervisor.
pub struct Command {
    supervisor: Child,
    channel: UnixStream,
    /// What it has told so far.
    told: Vec<u8>,
    ttl: Duration,
}

impl Command {
    /// Starts it, to be ended before `until` unless that is put off.
    pub fn start(
        command: &[OsString],
        (name, lock): (&str, &Lock),
        (until, ttl): (Instant, Duration),
    ) -> io::Result<Self> {
        // Should the supervisor be killed, this process has to end what it leaves.
        adopt_orphans()?;
        let (mut channel, theirs) = Blocking::pair()?;
        hand_over_stdin(&channel)?;
        channel.write_all(deadline(until, ttl).to_line().as_bytes())?;
        channel.set_nonblocking(true)?;
        let channel = UnixStream::from_std(channel)?;
        let mut process = supervisor::of(command);
        process
            .env("UNDERSTUDY_LOCK", name)
            .env("UNDERSTUDY_KEY", String::from_utf8_lossy(lock.key()).as_ref())
            .env("UNDERSTUDY_TOKEN", lock.token().to_string())
            .stdin(Stdio::from(OwnedFd::from(theirs)));
        let supervisor = process.spawn()?;
        Ok(Command { supervisor, channel, told: Vec::new(), ttl })
    }

    /// The lock is held until then.
    pub async fn put_off(&mut self, until: Instant) {
        self.tell(deadline(until, self.ttl)).await;
    }

    /// Passes a signal on.
    pub async fn signal(&mut self, number: i32) {
        self.tell(Order::Signal(number)).await;
    }

    /// Waits until nothing of it is left, and gives how that came; none if its supervisor is gone. It may be
    /// dropped while it waits.
    pub async fn ended(&mut self) -> Option<Report> {
        while let Ok(1..) = self.channel.read_buf(&mut self.told).await {}
        // It has closed the channel by ending.
        let _ = self.supervisor.wait();
        Report::of_line(&String::from_utf8_lossy(&self.told))
    }

    /// Ends what is left of it, at once.
    pub async fn end(mut self) {
        self.tell(Order::Kill).await;
        let _ = timeout(PROMPT, self.ended()).await;
        // Now its children are this process's.
        let _ = self.supervisor.kill();
        loop {
            signal_all(rustix::process::Signal::KILL);
            if !reap().1 {
                return;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Nothing is told to one that is stopped: it knows its time.
    async fn tell(&mut self, order: Order) {
        let line = order.to_line();
        let _ = timeout(PROMPT, self.channel.write_all(line.as_bytes())).await;
    }
}

/// Others can have the lock a tenth of its lease's time after `until`. The command is asked to go a tenth
/// before, and killed a fortieth before.
fn deadline(until: Instant, ttl: Duration) -> Order {
    // The boot time first: should this process be stopped in between, the command ends sooner.
    let now = boot_time();
    let until = now + until.saturating_duration_since(Instant::now());
    Order::Until { ask: until.saturating_sub(ttl / 10), kill: until.saturating_sub(ttl / 40) }
}
