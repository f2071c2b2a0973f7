//! `understudy serve`: one replica.

use std::io::{ErrorKind, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use understudy_replica::{Ended, Options, ServeArgs, flush_logging, serve};

use crate::failure::Failure;
use crate::runtime;

/// How often this process has come back to life at once; read by the life that follows.
const SHORT_LIVES: &str = "UNDERSTUDY_INTERNAL_SHORT_LIVES";
/// A life that lasted this long does not count as short.
const LONG: Duration = Duration::from_secs(10);
/// The pause before the second short life in a row; it doubles up to `LONGEST_PAUSE`.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Runs one replica until SIGTERM.
///
/// When it must restart (it has lost the primary role, or its disk has failed), it does so at once in
/// the same process, from what is on disk.
#[derive(Debug, Args)]
pub struct Serve {
    /// The replica's own options.
    #[command(flatten)]
    options: ServeArgs,
    /// Ends the process when standard input closes: a supervisor holds the other end.
    #[arg(long, hide = true)]
    until_stdin_closes: bool,
}

impl Serve {
    pub fn run(self) -> Result<(), Failure> {
        if self.until_stdin_closes {
            std::thread::spawn(exit_when_stdin_closes);
        }
        let options = Options::load(self.options).map_err(Failure::usage)?;
        use_small_pages();
        let next = runtime::block_on(live(options));
        flush_logging();
        match next? {
            Next::Exit => Ok(()),
            Next::Life { short_lives } => Err(live_again(short_lives)),
        }
    }
}

/// Memory comes in pages of 4 KiB, not of 2 MiB: the kernel clears a page when it is first touched, and whoever touches
/// a large one waits for milliseconds, with everybody who waits for this thread. Where it cannot be had it is only slower.
fn use_small_pages() {
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// What comes after a life.
enum Next {
    Exit,
    Life { short_lives: u32 },
}

async fn live(options: Options) -> Result<Next, Failure> {
    let begin = Instant::now();
    match serve(options).await.map_err(Failure::new)? {
        Ended::Left => Ok(Next::Exit),
        Ended::LifeEnded(_) | Ended::Renewed(_) => rest(begin.elapsed()).await,
    }
}

/// The pause between two lives, in which SIGTERM ends the process.
async fn rest(lasted: Duration) -> Result<Next, Failure> {
    let before = std::env::var(SHORT_LIVES).ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let short_lives = if lasted >= LONG { 0 } else { before + 1 };
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::new)?;
    tokio::select! {
        () = tokio::time::sleep(pause(short_lives)) => Ok(Next::Life { short_lives }),
        _ = terminate.recv() => Ok(Next::Exit),
    }
}

fn exit_when_stdin_closes() {
    let mut sink = [0; 64];
    loop {
        match std::io::stdin().read(&mut sink) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    flush_logging();
    std::process::exit(0);
}

/// Executes the program anew: same process id, same arguments. Comes back only if that fails.
fn live_again(short_lives: u32) -> Failure {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return Failure::new(format!("cannot find the program: {error}")),
    };
    let error = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(SHORT_LIVES, short_lives.to_string())
        .exec();
    Failure::new(format!("cannot start the next life: {error}; start the replica again"))
}

/// No pause before the first short life in a row, for a deposed primary should be back soon.
fn pause(short_lives: u32) -> Duration {
    match short_lives {
        0 | 1 => Duration::ZERO,
        n => (PAUSE * 2u32.saturating_pow(n - 2).min(1000)).min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_that_end_at_once_come_back_ever_later() {
        let pauses: Vec<_> = (0..6).map(|n| pause(n).as_millis()).collect();
        assert_eq!(pauses, [0, 0, 50, 100, 200, 400]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
