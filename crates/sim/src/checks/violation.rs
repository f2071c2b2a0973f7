//! What a run can violate.

use std::fmt;

use understudy_protocol::BROKEN_INEQUALITY;

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
    /// Every machine tells the store as it stood at every revision that it keeps.
    HistoryHolds,
    /// Whoever watches sees every change once, in order, over any number of failovers.
    WatchesMissNothing,
    /// A watch in whose range nothing changed goes on, however much history was forgotten since.
    QuietWatchesGoOn,
    /// The clocks of the log, the wall clock and elapsed time, never run backwards.
    TimeNeverGoesBack,
    /// The log's wall clock goes on by elapsed time, however far ahead it is.
    TimeGoesOn,
    /// Logged time counts only what the primary's process ran: nothing ends earlier by a pause.
    PausesDoNotCount,
    /// Neither the register's epoch nor a replica's goes back.
    EpochsNeverGoBack,
    /// The pointer inequalities of docs/protocol.md.
    Pointers,
    /// Another assertion of the code holds.
    Assertions,
    /// What was durable is there in the next life.
    DiskKeepsItsWord,
    /// What a hard state rests on is on disk before it is.
    WritesKeepTheirOrder,
    /// No replica halts in a run that gives it no reason.
    NoHalt,
    /// A primary ends its life for another's write of the register alone.
    YieldsToOthers,
    /// Memory stays within the configured bounds.
    BoundedMemory,
    /// No eviction takes away a copy that the register names.
    EvictionsSpareMembers,
    /// Once all faults are healed, the cluster serves again, in full strength.
    Progress,
    /// A full disk stops nobody who has room, nor, where all are full, what frees some.
    FullDisksStopNobodyElse,
    /// The clients' history is linearizable.
    Linearizable,
    /// Clients read at old revisions what was there, over any number of failovers.
    OldReadsHold,
    /// What clients were told is done stays done.
    NothingLost,
    /// Every draw from a generator is given once, in the order of the log.
    DrawsHappenOnce,
    /// Leases live by logged time alone, and the keys that hang on them as long as they.
    LeasesKeepTheirTime,
    /// A range holds the keys that lie between its ends, whatever bytes these are, and no others.
    RangesHoldWhatIsBetween,
    /// A bound is in force when its change is answered.
    InForceWhenAnswered,
    /// An owner is refused for what it has itself, never for what others have, and has no more than its share.
    AShareIsItsOwners,
    /// No answer, its header counted, is longer than the quota allows.
    AnswersKeepTheirBound,
    /// What is executed before it is committed is so in `async` mode only, and within its bounds.
    AheadWithinBounds,
    /// In `async` mode, nothing is answered ahead of its commit that was sent after a successor served.
    NothingAheadOfASuccessor,
    /// What clients were told is done in `async` mode and is lost was set aside, and nothing that is committed.
    LostIsSetAside,
    /// Where register or disk went back in time, nothing acknowledged is cut from a good disk, and somebody says so.
    NothingCutInSilence,
    /// Nothing is executed twice.
    ExactlyOnce,
    /// What clients were told is surely not executed is not.
    FailedMeansNotExecuted,
    /// The history could not be decided.
    Undecided,
}

impl Property {
    /// Its name, which stays the same.
    pub fn name(self) -> &'static str {
        match self {
            Property::OneActorPerEpoch => "one-actor-per-epoch",
            Property::NamedMembersHoldAll => "named-members-hold-all",
            Property::CommittedPrefix => "committed-prefix",
            Property::EqualDigests => "equal-digests",
            Property::HistoryHolds => "history-holds",
            Property::WatchesMissNothing => "watches-miss-nothing",
            Property::QuietWatchesGoOn => "quiet-watches-go-on",
            Property::TimeNeverGoesBack => "time-never-goes-back",
            Property::TimeGoesOn => "time-goes-on",
            Property::PausesDoNotCount => "pauses-do-not-count",
            Property::EpochsNeverGoBack => "epochs-never-go-back",
            Property::Pointers => "pointers",
            Property::Assertions => "assertions",
            Property::DiskKeepsItsWord => "disk-keeps-its-word",
            Property::WritesKeepTheirOrder => "writes-keep-their-order",
            Property::NoHalt => "no-halt",
            Property::YieldsToOthers => "yields-to-others",
            Property::BoundedMemory => "bounded-memory",
            Property::EvictionsSpareMembers => "evictions-spare-members",
            Property::Progress => "progress",
            Property::FullDisksStopNobodyElse => "full-disks-stop-nobody-else",
            Property::Linearizable => "linearizable",
            Property::OldReadsHold => "old-reads-hold",
            Property::NothingLost => "nothing-lost",
            Property::DrawsHappenOnce => "draws-happen-once",
            Property::LeasesKeepTheirTime => "leases-keep-their-time",
            Property::RangesHoldWhatIsBetween => "ranges-hold-what-is-between",
            Property::InForceWhenAnswered => "in-force-when-answered",
            Property::AShareIsItsOwners => "a-share-is-its-owners",
            Property::AnswersKeepTheirBound => "answers-keep-their-bound",
            Property::AheadWithinBounds => "ahead-within-bounds",
            Property::NothingAheadOfASuccessor => "nothing-ahead-of-a-successor",
            Property::LostIsSetAside => "lost-is-set-aside",
            Property::NothingCutInSilence => "nothing-cut-in-silence",
            Property::ExactlyOnce => "exactly-once",
            Property::FailedMeansNotExecuted => "failed-means-not-executed",
            Property::Undecided => "undecided",
        }
    }

    /// Whether it means something where register or disk went back: there are two histories then.
    pub fn holds_after_a_fork(self) -> bool {
        use Property::{Assertions, NothingCutInSilence, Pointers};
        matches!(self, NothingCutInSilence | Pointers | Assertions)
    }

    /// Which one a panic with this message violates: the code asserts some of them itself.
    pub fn of_panic(text: &str) -> Self {
        let known = [
            (BROKEN_INEQUALITY, Property::Pointers),
            ("epochs never go back", Property::EpochsNeverGoBack),
            ("a committed entry is never cut", Property::CommittedPrefix),
        ];
        let found = known.into_iter().find(|(words, _)| text.contains(words));
        found.map_or(Property::Assertions, |(_, property)| property)
    }
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
        write!(f, "{}: {}", self.property.name(), self.explanation)
    }
}
