//! What a run can be found guilty of.

use std::fmt;

/// The properties that hold in every run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Property {
    /// At most one process ever acts in an epoch.
    OneActorPerEpoch,
    /// Every member named in the register holds every acknowledged entry durably.
    NamedMembersHoldAll,
    /// The same index is executed with the same entry everywhere.
    CommittedPrefix,
    /// The same entries give the same digest everywhere.
    EqualDigests,
    /// Neither the register's epoch nor a replica's goes back.
    EpochsNeverGoBack,
    /// applied <= commit <= durable <= last, and a snapshot is behind commit.
    PointerOrder,
    /// What was durable is there in the next life.
    DiskKeepsItsWord,
    /// No replica halts or panics in a run that gives it no reason.
    NoHalt,
    /// Memory stays within the configured bounds.
    BoundedMemory,
    /// Once all faults are mended, the cluster serves again, in full strength.
    Progress,
    /// The clients' history is linearizable.
    Linearizable,
    /// What clients were told is done stays done.
    NothingLost,
    /// Nothing is executed twice.
    ExactlyOnce,
    /// What clients were told is surely not executed is not.
    FailedMeansNotExecuted,
    /// The history could not be decided.
    Undecided,
}

/// One violation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Of what.
    pub property: Property,
    /// How.
    pub explanation: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.property, self.explanation)
    }
}
