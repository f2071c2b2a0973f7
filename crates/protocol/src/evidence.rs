//! How lately a primary knew that nobody has taken its place, which it must know to answer ahead of the
//! commit (ADR 26).
//!
//! A successor answers nothing before its opening entry is committed, so not before this primary has been
//! silent for the successor's `drop`. A read round that everybody obliged has confirmed says that they
//! heard this primary after the round began. So while that is well less than `drop` ago, whatever
//! has arrived here arrived before a successor answered anything.

use understudy_evidence::{correct, reached};

use crate::core::Core;
use crate::lead::Leading;
use crate::{Execution, Round};

/// When the newest read round began, and the one before it.
#[derive(Default)]
pub(crate) struct Rounds {
    newest: Option<u64>,
    before: Option<u64>,
}

impl Rounds {
    fn begin(&mut self, now: u64) {
        self.before = self.newest.replace(now);
    }

    /// When the newest round began of which that one and all before it are confirmed.
    fn confirmed(&self, confirmed: Round, newest: Round) -> Option<u64> {
        match newest - confirmed {
            0 => self.newest,
            1 => self.before,
            _ => None,
        }
    }
}

impl Leading {
    /// Asks everybody obliged whether they still follow.
    pub(crate) fn begin_round(&mut self, core: &mut Core) {
        self.round += 1;
        self.rounds.begin(core.now.mono);
        self.replicate(core);
    }

    /// In `async` mode asks even where no read waits.
    pub(crate) fn ask_for_evidence(&mut self, core: &mut Core) {
        let timing = core.config.timing;
        let pace = timing.heartbeat.min(timing.drop / 8);
        let due = self.rounds.newest.is_none_or(|began| core.passed(began, pace));
        if core.settings.execution == Execution::Async
            && due
            && self.confirmed(core) >= self.round
            && !self.obliged(core).is_empty()
        {
            self.begin_round(core);
        }
    }

    /// Whether nobody can have taken its place and answered anything yet. Half of `drop` leaves as much
    /// for clocks that run apart and for settings that differ.
    pub(crate) fn is_certainly_primary(&self, core: &Core) -> bool {
        if correct!(self.obliged(core).is_empty(), "ahead-without-evidence" => true) {
            return true;
        }
        let lately = core.config.timing.drop / 2;
        let began = self.rounds.confirmed(self.confirmed(core), self.round);
        let sure = began.is_some_and(|began| !core.passed(began, lately));
        if !sure {
            reached!("async waited for evidence");
        }
        sure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_newest_rounds_are_evidence_and_each_since_it_began() {
        let mut rounds = Rounds::default();
        assert_eq!(rounds.confirmed(0, 0), None, "no round has begun");
        rounds.begin(100);
        assert_eq!(rounds.confirmed(0, 1), None);
        assert_eq!(rounds.confirmed(1, 1), Some(100));
        rounds.begin(200);
        assert_eq!((rounds.confirmed(1, 2), rounds.confirmed(2, 2)), (Some(100), Some(200)));
        rounds.begin(300);
        assert_eq!(rounds.confirmed(1, 3), None, "one that has joined, or hung up meanwhile");
    }
}
