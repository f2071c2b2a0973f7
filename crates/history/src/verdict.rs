//! What the checkers say.

use serde::Serialize;

/// The properties that a history can break.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// One order of everything explains every answer and agrees with real time.
    Linearizable,
    /// What was acknowledged stays.
    NothingLost,
    /// One request is executed once at most.
    ExactlyOnce,
    /// What failed was not executed.
    FailedMeansNotExecuted,
    /// The store is told as it was at old revisions, as long as they are kept.
    OldRevisions,
    /// Revisions are given once, and each belongs to an operation of the history.
    Revisions,
    /// The search was given up: neither proved nor refuted.
    Undecided,
}

/// One broken property.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Violation {
    /// Which.
    pub property: Property,
    /// What contradicts what, for people.
    pub explanation: String,
}

/// Counts and violations of one history.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Verdict {
    /// Operations that were answered.
    pub acknowledged: u64,
    /// Acknowledged writes that are gone.
    pub lost: u64,
    /// Writes that were executed more than once.
    pub duplicated: u64,
    /// Operations that were definitely not executed.
    pub failed: u64,
    /// Operations that may have been executed.
    pub unknown: u64,
    /// At most [`Verdict::LIMIT`] of them, the first found.
    pub violations: Vec<Violation>,
}

impl Verdict {
    /// How many violations are kept.
    pub const LIMIT: usize = 20;

    /// Whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.violations.is_empty()
    }

    pub(crate) fn add(&mut self, property: Property, explanation: String) {
        if self.violations.len() < Self::LIMIT {
            self.violations.push(Violation { property, explanation });
        }
    }
}
