//! What one seed gave.

pub(crate) mod brief;
pub(crate) mod counts;
pub(crate) mod coverage;
pub mod progress;
pub mod table;
pub(crate) mod tally;
pub(crate) mod trace;

use understudy_evidence::Mutant;

use crate::checks::violation::Violation;
use crate::report::counts::Counts;

/// The outcome of one run.
#[derive(Debug)]
pub struct Report {
    /// Which.
    pub seed: u64,
    /// What was wrong, if anything.
    pub violation: Option<Violation>,
    /// The trace, if it was wanted.
    pub trace: Vec<String>,
    /// Simulated time, nanoseconds.
    pub time: u64,
    /// Committed entries.
    pub committed: u64,
    /// Register writes won.
    pub wins: u64,
    /// How often things happened.
    pub counts: Counts,
}

impl Report {
    /// The command that runs this seed alone, with its trace.
    pub fn replay(&self, mutant: Option<&Mutant>) -> String {
        let seed = self.seed;
        let mut command =
            format!("cargo run --release -p understudy-sim -- --seeds 1 --from {seed} --trace");
        if let Some(wrong) = mutant {
            command.push_str(&format!(" --mutant {}", wrong.name));
        }
        command
    }
}
