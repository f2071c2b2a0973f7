//! What each wrong rule leads to, and within which bounds the shortest way there is looked for.

use crate::bounds::Bounds;
use crate::check::{self, Outcome, Verdict};
use crate::configurations::CALM;
use crate::properties::*;
use crate::protocol::Protocol;
use crate::rules::Rules;
use crate::trace;
use crate::wrong::Wrong;

/// A wrong rule, alone or with another one, and what is to come of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The rules that are wrong.
    pub wrongs: Vec<Wrong>,
    /// How far to look.
    pub bounds: Bounds,
    /// What must come of it.
    pub expects: Expects,
}

/// What must come of a wrong rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expects {
    /// This property is violated.
    Breaks(&'static str),
    /// Nothing within the bounds, explored completely, for this reason.
    Nothing(&'static str),
}

impl Case {
    /// `stale-cache + follow-older-epoch`.
    pub fn name(&self) -> String {
        self.wrongs.iter().map(|wrong| wrong.name()).collect::<Vec<_>>().join(" + ")
    }

    /// The model with the wrong rules in force.
    pub fn model(&self) -> Protocol {
        let wrongs = self.wrongs.iter().copied().collect();
        Protocol { rules: Rules { bounds: self.bounds, wrongs }, reached: Vec::new() }
    }

    /// Looks for a violation: of the property that is to be broken, or of any.
    pub fn refute(&self) -> Outcome {
        check::refute(self.bounds, self.model().rules.wrongs, self.property())
    }

    /// Looks for the shortest way there, and makes it plain.
    pub fn shortest(&self) -> Outcome {
        let mut outcome = check::shortest(self.bounds, self.model().rules.wrongs, self.property());
        if let Verdict::Violated { property, actions } = &mut outcome.verdict {
            *actions = trace::plain(&self.model(), property, std::mem::take(actions));
        }
        outcome
    }

    fn property(&self) -> Option<&'static str> {
        match self.expects {
            Expects::Breaks(property) => Some(property),
            Expects::Nothing(_) => None,
        }
    }

    /// Whether that is what must come of it.
    pub fn is_met(&self, verdict: &Verdict) -> bool {
        match (verdict, self.expects) {
            (Verdict::Violated { property, .. }, Expects::Breaks(expected)) => {
                *property == expected
            }
            (Verdict::Holds { .. }, Expects::Nothing(_)) => true,
            _ => false,
        }
    }
}

/// Two replicas, both named: enough for most.
const PAIR: Bounds = CALM;
const CRASH: Bounds = Bounds { writes: 2, crashes: 1, ..PAIR };
const SOLO: Bounds = Bounds { named: 1, ..PAIR };
const READS: Bounds = Bounds { reads: 1, ..PAIR };
const REJOIN: Bounds = Bounds { crashes: 1, ..PAIR };

/// Every wrong rule, alone; then pairs of rules that guard each other.
pub fn all() -> Vec<Case> {
    Wrong::ALL.iter().map(|wrong| alone(*wrong)).chain(pairs()).collect()
}

fn alone(wrong: Wrong) -> Case {
    use Expects::{Breaks, Nothing};
    let (bounds, expects) = match wrong {
        Wrong::UnlandedForLost | Wrong::UnknownForLost | Wrong::ConflictForLost => {
            (REJOIN, Breaks(NAMED_HOLD_ALL))
        }
        Wrong::UnknownForWon => (PAIR, Breaks(NAMED_HOLD_ALL)),
        Wrong::ConflictForWon => (CRASH, Breaks(NAMED_HOLD_ALL)),
        Wrong::StaleCache => (
            Bounds { crashes: 1, ..READS },
            Nothing(
                "what is read too old is lower than the epoch on disk or fails the test-and-set; see the pairs below",
            ),
        ),
        Wrong::WriteUnconditionally => (PAIR, Breaks(NAMED_HOLD_ALL)),
        Wrong::CommitBeforeObligedHold => (PAIR, Breaks(NAMED_HOLD_ALL)),
        Wrong::CommitBeforeOwnSync => (PAIR, Breaks(NAMED_HOLD_ALL)),
        Wrong::AheadWithoutEvidence | Wrong::EvidenceByArrival => {
            (Bounds { evidence: 1, ..PAIR }, Breaks(NOTHING_LATE))
        }
        Wrong::BaseForgotten => (Bounds { rewinds: 1, crashes: 1, ..PAIR }, Breaks(NOTHING_CUT)),
        Wrong::NonceForgotten | Wrong::CommitForgotten | Wrong::ContradictionGoesOn => {
            (Bounds { rewinds: 1, requests: 1, ..PAIR }, Breaks(NOTHING_CUT))
        }
        Wrong::ReleaseBeforeDropWon => (PAIR, Breaks(NAMED_HOLD_ALL)),
        Wrong::ObligeAfterWrite => (SOLO, Breaks(NAMED_HOLD_ALL)),
        Wrong::JoinWithoutCatchUp => (SOLO, Breaks(NAMED_HOLD_ALL)),
        Wrong::JoinBeforeOpening => {
            (Bounds { crashes: 1, wipes: 1, split: true, ..PAIR }, Breaks(NAMED_HOLD_ALL))
        }
        Wrong::PromoteUnnamed => (Bounds { replicas: 3, ..PAIR }, Breaks(NAMED_HOLD_ALL)),
        Wrong::SkipFloor => (
            Bounds { epochs: 4, wipes: 1, ..PAIR },
            Nothing(
                "a named copy holds everything, so its log reaches the floor: a second lock, against disks that lie",
            ),
        ),
        Wrong::FollowOlderEpoch => (
            Bounds { crashes: 1, ..READS },
            Nothing(
                "whom to follow is read from the register, which never shows an older epoch than it did; see the pair below",
            ),
        ),
        Wrong::ActBeforeEpochOnDisk => (
            Bounds { crashes: 1, ..READS },
            Nothing(
                "a new life reads the register before it follows, and learns the epoch there; see the pair below",
            ),
        ),
        Wrong::AcknowledgeWhileActing => (READS, Breaks(LINEARIZABLE)),
        Wrong::LoserGoesOn => (READS, Breaks(NAMED_HOLD_ALL)),
        Wrong::ActAfterRestart => (CRASH, Breaks(ONE_ENTRY)),
        Wrong::ReadBeforeOpening => (Bounds { split: true, ..READS }, Breaks(LINEARIZABLE)),
        Wrong::SkipOpening => (
            Bounds { crashes: 1, split: true, ..READS },
            Nothing(
                "all obliged must hold the log as it was found before a read is answered, which is what the entry stands for",
            ),
        ),
        Wrong::AcknowledgeUnverified => (Bounds { split: true, ..CRASH }, Breaks(NAMED_HOLD_ALL)),
        Wrong::ReadWithoutRound => (READS, Breaks(LINEARIZABLE)),
        Wrong::ReadJoinsOldRound => (Bounds { reads: 2, ..READS }, Breaks(LINEARIZABLE)),
        Wrong::ReadLocallyWhileJoining => {
            (Bounds { epochs: 4, named: 1, ..READS }, Breaks(LINEARIZABLE))
        }
        Wrong::KeepIncarnation => (Bounds { wipes: 1, ..PAIR }, Breaks(NAMED_HOLD_ALL)),
        Wrong::ForgetHighest => (PAIR, Breaks(PREFIXES_AGREE)),
    };
    Case { wrongs: vec![wrong], bounds, expects }
}

fn pairs() -> Vec<Case> {
    let pair = |other| Case {
        wrongs: vec![Wrong::StaleCache, other],
        bounds: CRASH,
        expects: Expects::Breaks(PREFIXES_AGREE),
    };
    vec![pair(Wrong::FollowOlderEpoch), pair(Wrong::ActBeforeEpochOnDisk)]
}
