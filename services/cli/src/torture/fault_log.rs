//! Which faults were injected, and what each did to the clients.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::fault::{Fault, Kind};
use super::journal::Journal;
use super::stop::StopSignal;
use crate::pair::ProcessEvent;

/// How long after a fault its pause is looked for at least.
const SETTLE: Duration = Duration::from_secs(1);
/// How long it is looked for at most.
const LONGEST: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// One fault that was due.
#[derive(Clone, Debug, Serialize)]
pub struct FaultRecord {
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
    /// Whether it was injected.
    pub done: bool,
    /// The longest time without an acknowledged change from its beginning until the next one was
    /// acknowledged after its end, milliseconds; that of other faults at the same time, too.
    pub pause_ms: u64,
}

/// Takes down faults and what processes did by themselves. Clones share it.
#[derive(Clone, Default)]
pub struct FaultLog {
    records: Arc<Mutex<Records>>,
}

/// What a fault log holds.
#[derive(Clone, Default, Debug)]
pub struct Records {
    /// Everything that was due, in the order of their ends.
    pub faults: Vec<FaultRecord>,
    /// How processes ended, other than by our hand.
    pub ends: Vec<String>,
    /// Lines of processes that panicked.
    pub panics: Vec<String>,
}

impl FaultLog {
    /// Writes down a fault that is over, once its pause is known.
    pub async fn record(
        &self,
        fault: &Fault,
        result: Result<String, String>,
        begin: Instant,
        clock: Instant,
        journal: &Journal,
        stop: &StopSignal,
    ) -> FaultRecord {
        let end = Instant::now();
        let at = (begin - clock).as_nanos() as u64;
        while (end.elapsed() < SETTLE && !stop.is_over())
            || (!journal.acknowledged_since((end - clock).as_nanos() as u64)
                && end.elapsed() < LONGEST
                && !stop.is_over())
        {
            tokio::time::sleep(POLL).await;
        }
        let pause = journal.pause(at, clock.elapsed().as_nanos() as u64);
        let done = result.is_ok();
        let record = FaultRecord {
            at_ms: at / 1_000_000,
            lasted_ms: (end - begin).as_millis() as u64,
            kind: fault.kind(),
            fault: fault.to_string(),
            note: result.unwrap_or_else(|why| why),
            done,
            pause_ms: pause / 1_000_000,
        };
        self.with(|records| records.faults.push(record.clone()));
        record
    }

    /// Looks at what a replica's process does.
    pub fn observe(&self, event: &ProcessEvent) {
        match event {
            ProcessEvent::Ended { how, .. } if ordered(how) => {}
            ProcessEvent::Ended { .. } => self.with(|records| records.ends.push(event.to_string())),
            ProcessEvent::Line { text, .. } if text.contains("panicked at") => {
                self.with(|records| records.panics.push(event.to_string()));
            }
            _ => {}
        }
    }

    /// What it holds so far.
    pub fn records(&self) -> Records {
        self.with(|records| records.clone())
    }

    fn with<T>(&self, what: impl FnOnce(&mut Records) -> T) -> T {
        what(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Killed, or left in order, or told to leave before it could listen: nobody else does that here.
fn ordered(how: &str) -> bool {
    ["signal: 9 ", "signal: 15 ", "exit status: 0"].iter().any(|order| how.starts_with(order))
}
