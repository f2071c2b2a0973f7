//! Linearizable reads without a log entry (rule 10).

use std::collections::BTreeSet;

use understudy_evidence::{correct, reached};

use super::Leading;
use crate::core::Core;
use crate::{Effect, Execution, RequestId, Round};

impl Leading {
    pub(super) fn on_reads(&mut self, core: &mut Core, reads: Vec<RequestId>) {
        if reads.is_empty() {
            return;
        }
        if let Some(primary) = self.handover.successor() {
            core.reject(reads, Some(primary));
            return;
        }
        if core.log.applied < self.opening {
            reached!("read waited for the opening entry");
        }
        self.reads.ask(reads);
    }

    /// Starts a round when reads wait and none is under way; answers those whose round is
    /// complete, once the opening entry is executed.
    pub(super) fn advance_reads(&mut self, core: &mut Core) {
        let opened =
            correct!(core.log.applied, "deferred-answers-before-replay" => core.log.commit);
        if self.reads.is_empty() || opened < self.opening {
            return correct!({}, "read-before-opening" => self.answer_all(core));
        }
        if self.reads.need_another_round() && self.confirmed(core) >= self.reads.round() {
            self.begin_round(core);
        }
        let ready = self.reads.take_confirmed(self.confirmed(core));
        if !ready.is_empty() {
            match self.membership.obliged(core).is_empty() {
                true => reached!("read answered alone"),
                false => reached!("read round confirmed"),
            }
            core.out.push(Effect::Serve(ready));
        }
    }

    /// The newest round that every replica obliged *now* has confirmed.
    fn confirmed(&self, core: &Core) -> Round {
        let obliged = correct!(
            self.membership.obliged(core),
            "read-without-round" => BTreeSet::new(),
            "read-alone-while-joining" => self.named_and_obliged(core),
        );
        let confirmed = |who| self.followers.get(who).map_or(0, |peer| peer.confirmed);
        obliged.into_iter().map(confirmed).fold(self.reads.round(), Round::min)
    }

    /// Asks everybody obliged whether they still follow.
    fn begin_round(&mut self, core: &mut Core) {
        self.reads.begin_round(core.now.mono);
        self.replicate(core);
    }

    /// In `async` mode asks even where no read waits.
    pub(super) fn ask_for_evidence(&mut self, core: &mut Core) {
        let timing = core.config.timing;
        let pace = timing.heartbeat.min(timing.drop / 8);
        let due = self.reads.began().is_none_or(|began| core.passed(began, pace));
        if core.settings.execution == Execution::Async
            && due
            && self.confirmed(core) >= self.reads.round()
            && !self.membership.obliged(core).is_empty()
        {
            self.begin_round(core);
        }
    }

    /// Whether nobody can have taken its place and answered anything yet (ADR 26). Half of `drop` leaves as much
    /// for clocks that run apart and for settings that differ.
    pub(super) fn is_certainly_primary(&self, core: &Core) -> bool {
        if correct!(self.membership.obliged(core).is_empty(), "ahead-without-evidence" => true) {
            return true;
        }
        let lately = core.config.timing.drop / 2;
        let began = self.reads.confirmed_since(self.confirmed(core));
        let sure = began.is_some_and(|began| !core.passed(began, lately));
        if !sure {
            reached!("async waited for evidence");
        }
        sure
    }
}
