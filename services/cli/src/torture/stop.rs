//! When a torture ends before its plan does: the time is up, or a signal asks for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::netns::Names;

/// A signal may come twice at once, from a terminal or `timeout`: the second one counts after this time.
const TWICE: Duration = Duration::from_secs(1);

/// Whether the torture is to end. Clones share it.
#[derive(Clone)]
pub struct StopSignal {
    stop: watch::Sender<bool>,
    asked: Arc<AtomicBool>,
}

impl StopSignal {
    pub fn new() -> Self {
        StopSignal { stop: watch::channel(false).0, asked: Arc::default() }
    }

    /// Ends it: what still runs is given up.
    pub fn end(&self) {
        self.stop.send_replace(true);
    }

    pub fn is_over(&self) -> bool {
        *self.stop.borrow()
    }

    /// Whether somebody wanted it to end.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Waits for the end.
    pub async fn wait(&self) {
        // The sender is ours, so it is not gone.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
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
