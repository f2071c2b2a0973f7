//! What a torture found.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use understudy_history::Verdict;
use understudy_load::pauses::rank;

use super::fault_log::{FaultRecord, Records};
use super::journal::Counts;
use super::locks::Judged;

/// What was seen while it ran.
pub struct Facts {
    /// What everything was drawn from.
    pub seed: u64,
    /// Clients that put load on the pair.
    pub clients: u64,
    /// How long they did, seconds.
    pub seconds: f64,
    /// Whether somebody ended it early.
    pub interrupted: bool,
    /// Why the pair was not whole in time, if it was not.
    pub whole: Option<String>,
    /// What clients asked.
    pub counts: Counts,
    /// Faults and what processes did.
    pub records: Records,
    /// What clients saw of the locks.
    pub locks: Judged,
}

/// What a torture found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether nothing is off.
    pub ok: bool,
    /// What everything was drawn from.
    pub seed: u64,
    /// Clients that put load on the pair.
    pub clients: u64,
    /// How long they did, seconds.
    pub seconds: f64,
    /// Whether a signal ended it early; it is judged all the same.
    pub interrupted: bool,
    /// Operations by what was asked.
    pub operations: BTreeMap<&'static str, u64>,
    /// Faults that were injected, by kind.
    pub faults: BTreeMap<String, u64>,
    /// Faults that were due and could not be injected.
    pub skipped: u64,
    /// Times without an acknowledged change, around a fault each, milliseconds.
    pub pauses: Pauses,
    /// Every fault.
    #[serde(rename = "deeds")]
    pub records: Vec<FaultRecord>,
    /// How processes ended, other than killed or told to leave.
    pub ends: Vec<String>,
    /// Processes that panicked.
    pub panics: Vec<String>,
    /// Why the pair was not whole in time, if it was not.
    pub not_whole: Option<String>,
    /// Clients that passed a lock around.
    pub locks: Judged,
    /// What the checkers say.
    pub verdict: Verdict,
    /// Where history and data directories are kept, if something is off.
    pub kept: Option<PathBuf>,
}

/// Pauses that clients saw, milliseconds.
#[derive(Debug, Default, Serialize)]
pub struct Pauses {
    /// Half of them were not longer.
    pub p50_ms: u64,
    /// 99 of 100 were not longer.
    pub p99_ms: u64,
    /// None was longer.
    pub worst_ms: u64,
}

impl Report {
    /// Puts it together.
    pub fn new(facts: Facts, verdict: Verdict) -> Self {
        let Records { faults: mut records, ends, panics } = facts.records;
        records.sort_by_key(|record| record.at_ms);
        let mut faults = BTreeMap::new();
        for record in records.iter().filter(|record| record.done) {
            *faults.entry(record.kind.name()).or_default() += 1;
        }
        let skipped = records.iter().filter(|record| !record.done).count() as u64;
        let pauses = Pauses::of(records.iter().filter(|r| r.done).map(|r| r.pause_ms).collect());
        let ok = verdict.is_ok()
            && verdict.lost + verdict.duplicated == 0
            && facts.whole.is_none()
            && facts.locks.broken.is_empty()
            && panics.is_empty();
        Report {
            ok,
            seed: facts.seed,
            clients: facts.clients,
            seconds: facts.seconds,
            interrupted: facts.interrupted,
            operations: facts.counts.asked,
            faults,
            skipped,
            pauses,
            records,
            ends,
            panics,
            not_whole: facts.whole,
            locks: facts.locks,
            verdict,
            kept: None,
        }
    }

    /// How to have the same faults again.
    pub fn again(&self) -> String {
        format!("--seed {} injects the same faults again", self.seed)
    }
}

impl Pauses {
    fn of(mut pauses: Vec<u64>) -> Self {
        pauses.sort_unstable();
        let rank = |percent| rank(&pauses, percent);
        Pauses { p50_ms: rank(50), p99_ms: rank(99), worst_ms: rank(100) }
    }
}
