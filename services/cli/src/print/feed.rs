//! Lines for whoever reads them, without waiting for anybody.

use std::fmt::Display;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::escape;

/// Lines that wait for a slow reader; those that find no room are dropped and counted.
const QUEUE: usize = 1_024;
/// How long the last lines are waited for.
const FAREWELL: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(1);

/// Where lines go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Where {
    Out,
    Err,
}

/// Prints lines on a thread of its own: a reader that has gone or stalls holds up nothing but them. For
/// what goes on meanwhile and must not depend on who looks.
pub struct Feed {
    lines: SyncSender<String>,
    dropped: AtomicU64,
    writer: JoinHandle<()>,
}

impl Feed {
    pub fn start(to: Where) -> Self {
        let (lines, queue) = sync_channel::<String>(QUEUE);
        let writer = thread::spawn(move || {
            for line in queue {
                // The next one may find room again, on a disk that was full.
                let _ = match to {
                    Where::Out => write(io::stdout().lock(), &line),
                    Where::Err => write(io::stderr().lock(), &line),
                };
            }
        });
        Feed { lines, dropped: AtomicU64::new(0), writer }
    }

    /// Prints a line, or several.
    pub fn line(&self, text: impl Display) {
        let mut text = escape::lines(&text.to_string());
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            text = format!("({dropped} lines were not taken in time)\n{text}");
        }
        if self.lines.try_send(text).is_err() {
            self.dropped.fetch_add(dropped + 1, Ordering::Relaxed);
        }
    }

    /// Waits a moment for the lines that are under way.
    pub fn close(self) {
        drop(self.lines);
        let began = Instant::now();
        while !self.writer.is_finished() && began.elapsed() < FAREWELL {
            thread::sleep(POLL);
        }
    }
}

fn write(mut out: impl io::Write, line: &str) -> io::Result<()> {
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()
}
