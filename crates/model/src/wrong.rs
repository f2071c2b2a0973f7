//! The rules that look right and are not.

/// One wrong version of a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Wrong {
    /// Rule 1: a read that still shows the base of the attempt counts as "lost".
    UnlandedForLost,
    /// Rule 1: no answer counts as "lost".
    UnknownForLost,
    /// Rule 1: a conflict counts as "lost".
    ConflictForLost,
    /// Rule 1: no answer counts as "won".
    UnknownForWon,
    /// Rule 1: a conflict counts as "won".
    ConflictForWon,
    /// Rule 1: reads of the register come from a cache.
    StaleCache,
    /// Rule 1: writes of the register carry no condition.
    WriteUnconditionally,
    /// Rule 2: committed is what is durable on the primary.
    CommitBeforeObligedHold,
    /// Rule 2: the primary's own disk is not waited for.
    CommitBeforeOwnSync,
    /// Rule 3: what waited is released when the drop is asked for, not when it is won.
    ReleaseBeforeDropWon,
    /// Rule 4: the learner is obliged when the write that names it is won.
    ObligeAfterWrite,
    /// Rule 4: the register is written without waiting for the learner to catch up.
    JoinWithoutCatchUp,
    /// Rule 5: any copy may promote itself.
    PromoteUnnamed,
    /// Rule 5: the floor is not looked at.
    SkipFloor,
    /// Rule 5: an older primary is followed as well.
    FollowOlderEpoch,
    /// Rule 5: the epoch is saved some time after it is acted upon.
    ActBeforeEpochOnDisk,
    /// Rule 5: a new primary still confirms the read rounds of the one it followed.
    AcknowledgeWhileActing,
    /// Rule 6: a deposed primary goes on, and bases its next write on what it read.
    LoserGoesOn,
    /// Rule 7: a restarted replica that the register names primary acts.
    ActAfterRestart,
    /// Rule 8: a new primary answers reads at once.
    ReadBeforeOpening,
    /// Rule 8: a new primary appends no opening entry; what its log ends with must be committed.
    SkipOpening,
    /// Rule 9: an acknowledgement names the end of the log, verified against this primary or not.
    AcknowledgeUnverified,
    /// Rule 10: reads are answered without a round.
    ReadWithoutRound,
    /// Rule 10: a read takes part in the round that is under way or was the last.
    ReadJoinsOldRound,
    /// Rule 10: the round asks the members only, not a learner whose naming is undecided.
    ReadLocallyWhileJoining,
    /// Rule 11: a wiped disk comes back as the incarnation it was.
    KeepIncarnation,
    /// Rule 12: the register's newest record is cleaned away and the one before is read again.
    ForgetHighest,
}

impl Wrong {
    /// All of them, by rule.
    pub const ALL: [Wrong; 27] = {
        use Wrong::*;
        [
            UnlandedForLost,
            UnknownForLost,
            ConflictForLost,
            UnknownForWon,
            ConflictForWon,
            StaleCache,
            WriteUnconditionally,
            CommitBeforeObligedHold,
            CommitBeforeOwnSync,
            ReleaseBeforeDropWon,
            ObligeAfterWrite,
            JoinWithoutCatchUp,
            PromoteUnnamed,
            SkipFloor,
            FollowOlderEpoch,
            ActBeforeEpochOnDisk,
            AcknowledgeWhileActing,
            LoserGoesOn,
            ActAfterRestart,
            ReadBeforeOpening,
            SkipOpening,
            AcknowledgeUnverified,
            ReadWithoutRound,
            ReadJoinsOldRound,
            ReadLocallyWhileJoining,
            KeepIncarnation,
            ForgetHighest,
        ]
    };

    /// `commit-before-own-sync`.
    pub fn name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Wrong> {
        Wrong::ALL.into_iter().find(|wrong| wrong.name() == name)
    }
}

/// Which wrong versions are in force; none in the correct model.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wrongs(u32);

impl Wrongs {
    /// Whether `wrong` is in force.
    pub fn has(self, wrong: Wrong) -> bool {
        self.0 & (1 << wrong as u8) != 0
    }

    /// Whether the rules are the right ones.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Wrong> for Wrongs {
    fn from_iter<I: IntoIterator<Item = Wrong>>(wrongs: I) -> Self {
        Wrongs(wrongs.into_iter().fold(0, |set, wrong| set | 1 << wrong as u8))
    }
}
