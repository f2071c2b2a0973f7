//! What a replica is at a moment, in one word.

use std::fmt;

/// A role as operators, logs and `Status` call it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RoleName {
    /// Reads the register, or waits to be born.
    Starting,
    /// Named in the register, without a stream to the primary.
    Waiting,
    /// Follows, is not named and not caught up.
    Learner,
    /// Follows, is caught up, and is not named.
    Spare,
    /// Named, on a stream to the primary.
    Backup,
    /// Tries to win the register.
    Candidate,
    /// Has won it, and has not executed its opening entry.
    Opening,
    /// Serves.
    Primary,
    /// Does nothing until an operator acts.
    Halted,
    /// This life is over.
    Ended,
}

impl RoleName {
    /// Its name, which stays the same.
    pub fn as_str(self) -> &'static str {
        match self {
            RoleName::Starting => "starting",
            RoleName::Waiting => "waiting",
            RoleName::Learner => "learner",
            RoleName::Spare => "spare",
            RoleName::Backup => "backup",
            RoleName::Candidate => "candidate",
            RoleName::Opening => "opening",
            RoleName::Primary => "primary",
            RoleName::Halted => "halted",
            RoleName::Ended => "ended",
        }
    }

    /// Whether it has won its epoch and writes the log.
    pub fn acts(self) -> bool {
        matches!(self, RoleName::Opening | RoleName::Primary)
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
