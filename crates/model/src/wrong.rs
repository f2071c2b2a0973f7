//! The rules that look right and are not.

/// Makes the enum, and what can be said of its variants, from one list.
macro_rules! wrongs {
    ($($variant:ident, $rule:literal, $says:literal;)*) => {
        /// One wrong version of a rule.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        #[repr(u8)]
        pub enum Wrong {
            $(#[doc = concat!("Rule ", stringify!($rule), ": ", $says, ".")] $variant,)*
        }

        impl Wrong {
            /// All of them, by rule.
            pub const ALL: &[Wrong] = &[$(Wrong::$variant),*];

            /// The rule of docs/protocol.md that it is a wrong version of.
            pub fn rule(self) -> u8 {
                match self { $(Wrong::$variant => $rule),* }
            }

            /// What it does, in a line.
            pub fn says(self) -> &'static str {
                match self { $(Wrong::$variant => $says),* }
            }
        }
    };
}

wrongs! {
    UnlandedForLost, 1, "a read that still shows the attempt's base counts as \"lost\"";
    UnknownForLost, 1, "no answer counts as \"lost\"";
    ConflictForLost, 1, "a conflict counts as \"lost\"";
    UnknownForWon, 1, "no answer counts as \"won\"";
    ConflictForWon, 1, "a conflict counts as \"won\"";
    StaleCache, 1, "reads of the register come from a cache";
    WriteUnconditionally, 1, "writes of the register carry no condition";
    CommitBeforeObligedHold, 2, "an entry is committed when it is durable on the primary";
    CommitBeforeOwnSync, 2, "the primary's own disk is not waited for";
    AheadWithoutEvidence, 2, "in async mode it is answered ahead however long ago a backup has heard of the primary";
    EvidenceByArrival, 2, "an acknowledgement counts as evidence from when it arrives";
    ReleaseBeforeDropWon, 3, "what waits is released when the drop is asked for, not when it is won";
    ObligeAfterWrite, 4, "the learner is obliged when the write that names it is won";
    JoinWithoutCatchUp, 4, "the register names the learner without waiting for what it lacks";
    JoinBeforeOpening, 4, "a learner is obliged before the opening entry is committed";
    PromoteUnnamed, 5, "a copy that is not named promotes itself";
    SkipFloor, 5, "the floor is not looked at";
    FollowOlderEpoch, 5, "an older primary is followed, too";
    ActBeforeEpochOnDisk, 5, "the epoch reaches the disk some time after it is acted upon";
    AcknowledgeWhileActing, 5, "a new primary still confirms the read rounds of the old one";
    LoserGoesOn, 6, "a deposed primary goes on and bases its next write on what it read";
    ActAfterRestart, 7, "a restarted replica that the register names primary acts";
    ReadBeforeOpening, 8, "a new primary answers reads before its opening entry is committed";
    SkipOpening, 8, "no opening entry; reads wait for the log as it was found to be committed";
    AcknowledgeUnverified, 9, "an acknowledgement names the end of the log, verified on this stream or not";
    CommitForgotten, 9, "after a restart nothing is known to be committed";
    ContradictionGoesOn, 9, "a follower that contradicts its primary follows it all the same";
    ReadWithoutRound, 10, "reads are answered without a round";
    ReadJoinsOldRound, 10, "a read takes part in the round that is under way or was the last";
    ReadLocallyWhileJoining, 10, "a round does not ask the learner whose naming is undecided";
    KeepIncarnation, 11, "a wiped disk comes back as the incarnation it was";
    ForgetHighest, 12, "the register's newest record is cleaned away and the one before is read again";
    BaseForgotten, 12, "the record that an attempt would replace is not remembered";
    NonceForgotten, 12, "of the records that were followed or won only the epoch is remembered";
}

impl Wrong {
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
        Wrong::ALL.iter().copied().find(|wrong| wrong.name() == name)
    }
}

/// Which wrong versions are in force; none in the correct model.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wrongs(u64);

impl Wrongs {
    /// Whether `wrong` is in force.
    pub fn has(self, wrong: Wrong) -> bool {
        self.0 & (1 << wrong as u64) != 0
    }

    /// Whether the rules are the right ones.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Wrong> for Wrongs {
    fn from_iter<I: IntoIterator<Item = Wrong>>(wrongs: I) -> Self {
        Wrongs(wrongs.into_iter().fold(0, |set, wrong| set | 1 << wrong as u64))
    }
}
