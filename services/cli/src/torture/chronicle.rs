//! What was inflicted, and what it did to the clients.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::fault::{Fault, Kind};
use super::journal::Journal;
use super::over::Over;
use crate::pair::Happening;

/// How long after a fault its pause is looked for at least.
const SETTLE: Duration = Duration::from_secs(1);
/// How long it is looked for at most.
const LONGEST: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// One fault that was due.
#[derive(Clone, Debug, Serialize)]
pub struct Deed {
    /// Milliseconds from the load's beginning.
    pub at_ms: u64,
    /// How long it lasted, milliseconds.
    pub lasted_ms: u64,
    /// Its kind.
    pub kind: Kind,
    /// What it was, in words.
    pub fault: String,
    /// What fell out otherwise than planned, or was found out; empty if there is nothing to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Whether it was inflicted.
    pub done: bool,
    /// The longest time without an acknowledged change from its beginning until the next one was
    /// acknowledged after its end, milliseconds; that of other faults at the same time, too.
    pub pause_ms: u64,
}

/// Takes down deeds and what processes did by themselves. Clones share it.
#[derive(Clone, Default)]
pub struct Chronicle {
    pages: Arc<Mutex<Pages>>,
}

/// What a chronicle holds.
#[derive(Clone, Default, Debug)]
pub struct Pages {
    /// Everything that was due, in the order of their ends.
    pub deeds: Vec<Deed>,
    /// How processes ended, other than by our hand.
    pub ends: Vec<String>,
    /// Lines of processes that panicked.
    pub panics: Vec<String>,
}

impl Chronicle {
    /// Writes down a fault that is over, once its pause is known.
    pub async fn deed(
        &self,
        fault: &Fault,
        result: Result<String, String>,
        begin: Instant,
        clock: Instant,
        journal: &Journal,
        over: &Over,
    ) -> Deed {
        let end = Instant::now();
        let at = (begin - clock).as_nanos() as u64;
        while (end.elapsed() < SETTLE && !over.is_over())
            || (!journal.acknowledged_since((end - clock).as_nanos() as u64)
                && end.elapsed() < LONGEST
                && !over.is_over())
        {
            tokio::time::sleep(POLL).await;
        }
        let pause = journal.pause(at, clock.elapsed().as_nanos() as u64);
        let done = result.is_ok();
        let deed = Deed {
            at_ms: at / 1_000_000,
            lasted_ms: (end - begin).as_millis() as u64,
            kind: fault.kind(),
            fault: fault.to_string(),
            note: result.unwrap_or_else(|why| why),
            done,
            pause_ms: pause / 1_000_000,
        };
        self.with(|pages| pages.deeds.push(deed.clone()));
        deed
    }

    /// Looks at what a replica's process does.
    pub fn witness(&self, happening: &Happening) {
        match happening {
            Happening::Ended { how, .. } if ordered(how) => {}
            Happening::Ended { .. } => self.with(|pages| pages.ends.push(happening.to_string())),
            Happening::Line { text, .. } if text.contains("panicked at") => {
                self.with(|pages| pages.panics.push(happening.to_string()));
            }
            _ => {}
        }
    }

    /// What it holds so far.
    pub fn pages(&self) -> Pages {
        self.with(|pages| pages.clone())
    }

    fn with<T>(&self, what: impl FnOnce(&mut Pages) -> T) -> T {
        what(&mut self.pages.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Killed, or left in order, or told to leave before it could listen: nobody else does that here.
fn ordered(how: &str) -> bool {
    ["signal: 9 ", "signal: 15 ", "exit status: 0"].iter().any(|order| how.starts_with(order))
}
