//! A command of the user's that injects a fault into replicas of the user's.

use std::io;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::faults;
use super::stop::StopSignal;

/// How long a command may take.
const LONGEST: Duration = Duration::from_secs(300);
/// How long it may take to go when it is asked to, and the last of its words to arrive.
const FAREWELL: Duration = Duration::from_millis(500);
/// This many bytes of what it said last are kept.
const KEPT: usize = 4_096;

/// Runs it to its end, or until it is over.
pub async fn run(command: &str, stop: &StopSignal) -> faults::Result {
    let began = Instant::now();
    let failed = |error: io::Error| format!("{command}: {error}");
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    // With a group of its own it ends with all that it has started, and Ctrl-C is for the torture.
    let mut child = shell.process_group(0).kill_on_drop(true).spawn().map_err(failed)?;
    let (said, mut says) = watch::channel(Vec::new());
    if let Some(stderr) = child.stderr.take() {
        tokio::spawn(listen(stderr, said));
    }
    let status = tokio::select! {
        status = child.wait() => status.map_err(failed)?,
        () = tokio::time::sleep(LONGEST) => {
            end(&mut child).await;
            return Err(format!("{command}: still runs after {LONGEST:?}, ended"));
        }
        () = stop.wait() => {
            end(&mut child).await;
            return Ok(format!("{command}: ended after {:.1?}, the torture is over", began.elapsed()));
        }
    };
    if status.success() {
        return Ok(command.to_owned());
    }
    // Something that it left running may hold the other end for ever.
    let _ = tokio::time::timeout(FAREWELL, async { while says.changed().await.is_ok() {} }).await;
    let said = String::from_utf8_lossy(&says.borrow()).into_owned();
    Err(format!("{command}: {status}: {}", said.lines().last().unwrap_or_default()))
}

/// Asks all of it to go, then insists.
async fn end(child: &mut Child) {
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    // Whoever has gone needs no signal.
    let tell = |signal| group.map(|group| kill_process_group(group, signal));
    let _ = tell(Signal::TERM);
    let _ = tokio::time::timeout(FAREWELL, child.wait()).await;
    let _ = tell(Signal::KILL);
    let _ = child.wait().await;
}

/// Keeps what was said last.
async fn listen(mut stderr: impl AsyncRead + Unpin, said: watch::Sender<Vec<u8>>) {
    let mut bytes = [0; KEPT];
    while let Ok(count @ 1..) = stderr.read(&mut bytes).await {
        said.send_modify(|kept| {
            kept.extend_from_slice(&bytes[..count]);
            let old = kept.len().saturating_sub(KEPT);
            kept.drain(..old);
        });
    }
}
