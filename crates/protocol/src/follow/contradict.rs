//! The primary and this copy contradict each other: both stop (rules 7, 9 and 12).

use understudy_evidence::{correct, reached};

use super::Following;
use crate::core::Core;
use crate::role::Next;
use crate::{ConnId, Contradiction, Effect, Message, Position};

impl Following {
    /// The primary's log contradicts this one: tells it, and stops.
    pub(super) fn contradict(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        found: Contradiction,
    ) -> Next {
        reached!("stopped by a contradiction");
        core.out.push(Effect::Send(conn, Message::Contradiction(found)));
        core.out.push(Effect::Close(conn));
        self.halt_with(core, found)
    }

    /// Stops: the primary knows already.
    pub(super) fn halt_with(&mut self, core: &mut Core, found: Contradiction) -> Next {
        let primary = self.record.member(self.record.primary);
        let why = found.message(primary.map_or("the primary", |m| m.name.as_str()));
        correct!(Next::halt_for_good(core, why), "contradiction-goes-on" => self.try_again(core))
    }

    /// What it proves that entries of the primary do not follow what is here.
    pub(super) fn misfit(&self, core: &Core, previous: Position) -> Option<Contradiction> {
        if core.log.position(previous.index).is_some_and(|here| here.epoch == previous.epoch) {
            return Some(Contradiction::Entry(previous.index, previous.epoch));
        }
        // It sends from where the logs part: nothing before that can be missing from either.
        let commit = core.committed();
        (previous.index < commit.index)
            .then_some(Contradiction::Committed(commit.index, commit.epoch))
    }
}
