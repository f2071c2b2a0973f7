//! Linearizable reads without the log (rule 10): every obliged replica confirms, after the read
//! arrived, that it still follows. One round serves all reads that wait.

use std::collections::BTreeSet;

use understudy_evidence::{correct, reached};

use crate::Effect;
use crate::core::Core;
use crate::lead::Leading;
use crate::replica::not_primary;
use crate::{RequestId, Round};

impl Leading {
    pub(crate) fn on_reads(&mut self, core: &mut Core, reads: Vec<RequestId>) {
        if reads.is_empty() {
            return;
        }
        if let Some(seal) = &self.seal {
            let primary = Some(seal.address.clone());
            core.out.push(not_primary(core, reads, primary));
            return;
        }
        if core.log.applied < self.opening {
            reached!("read waited for the opening entry");
        }
        let needed = correct!(self.round + 1, "round-of-the-past" => self.round);
        self.reads.extend(reads.into_iter().map(|id| (needed, id)));
    }

    /// Starts a round when reads wait and none is under way; answers those whose round is
    /// complete, once the opening entry is executed.
    pub(crate) fn advance_reads(&mut self, core: &mut Core) {
        let opened =
            correct!(core.log.applied, "deferred-answers-before-replay" => core.log.commit);
        if self.reads.is_empty() || opened < self.opening {
            return correct!({}, "read-before-opening" => self.answer_all(core));
        }
        if self.reads.back().is_some_and(|(needed, _)| *needed > self.round)
            && self.confirmed(core) >= self.round
        {
            self.begin_round(core);
        }
        let confirmed = self.confirmed(core);
        let ready = self.reads.partition_point(|(needed, _)| *needed <= confirmed);
        if ready > 0 {
            match self.obliged(core).is_empty() {
                true => reached!("read answered alone"),
                false => reached!("read round confirmed"),
            }
            let ids = self.reads.drain(..ready).map(|(_, id)| id).collect();
            core.out.push(Effect::Serve(ids));
        }
    }

    /// The newest round that every replica obliged *now* has confirmed.
    pub(crate) fn confirmed(&self, core: &Core) -> Round {
        let obliged = correct!(
            self.obliged(core),
            "read-without-round" => BTreeSet::new(),
            "read-alone-while-joining" => self.named_and_obliged(core),
        );
        obliged
            .into_iter()
            .map(|incarnation| self.peers.get(&incarnation).map_or(0, |peer| peer.confirmed))
            .fold(self.round, Round::min)
    }
}
