//! When a torture is over before its plan is: the time is up, or somebody wants it to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::netns::Names;

/// A signal may come twice at once, from a terminal or `timeout`: the second one counts after this time.
const TWICE: Duration = Duration::from_secs(1);

/// Whether it is over. Clones share it.
#[derive(Clone)]
pub struct Over {
    over: watch::Sender<bool>,
    asked: Arc<AtomicBool>,
}

impl Over {
    pub fn new() -> Self {
        Over { over: watch::channel(false).0, asked: Arc::default() }
    }

    /// Ends it: what still runs is given up.
    pub fn end(&self) {
        self.over.send_replace(true);
    }

    pub fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    /// Whether somebody wanted it to end.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Waits for the end.
    pub async fn wait(&self) {
        // The sender is ours, so it is not gone.
        let _ = self.over.subscribe().wait_for(|over| *over).await;
    }

    /// The first Ctrl-C or SIGTERM ends the torture in order, a later one at once.
    pub async fn listen(self, netns: Option<Names>) {
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
        let mut first = None::<Instant>;
        loop {
            tokio::select! {
                asked = tokio::signal::ctrl_c() => if asked.is_err() { return },
                asked = terminate.recv() => if asked.is_none() { return },
            }
            match first {
                None => {
                    first = Some(Instant::now());
                    self.asked.store(true, Ordering::Relaxed);
                    self.end();
                }
                Some(first) if first.elapsed() < TWICE => {}
                Some(_) => {
                    if let Some(names) = netns {
                        names.remove();
                    }
                    std::process::exit(130);
                }
            }
        }
    }
}
