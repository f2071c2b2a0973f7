//! The ack rule (rule 2): what the primary's commit index rests on.

use understudy_evidence::{mutant, reached};

use crate::Index;
use crate::core::Core;
use crate::lead::Leading;

impl Leading {
    /// The ack rule (rule 2). Entries after settings are counted by their rule, so the settings are
    /// committed and in force first.
    pub(crate) fn advance_commit(&mut self, core: &mut Core) {
        while self.commit_by_one_rule(core) {}
        self.tail.settle(core.log.commit);
    }

    /// Gives whether other settings are in force now, which may count more.
    fn commit_by_one_rule(&mut self, core: &mut Core) -> bool {
        let received = core.settings.counts_received();
        let mut obliged = self.obliged(core);
        if mutant!("ack-before-backup") {
            obliged.clear();
        }
        if mutant!("release-before-drop") {
            obliged.retain(|i| !self.peers.get(i).is_some_and(|peer| self.suspects(core, peer)));
        }
        let careless = received && mutant!("received-own-disk");
        let mine = match mutant!("ack-before-own-disk") || careless {
            true => core.log.last().index,
            false => core.log.durable,
        };
        let held = obliged
            .iter()
            .map(|incarnation| self.peers.get(incarnation).map_or(0, |peer| peer.held(received)))
            .fold(mine, Index::min);
        if held < core.log.durable {
            reached!("entry waits for a backup");
        } else if held > core.log.commit && !obliged.is_empty() {
            reached!("commit moved by a backup's ack");
        }
        if core.log.commit < self.opening && held >= self.opening {
            reached!("opening entry committed");
        }
        let to = match mutant!("received-passes-settings") {
            true => held,
            false => core.counted_by_this_rule(held),
        };
        core.commit(to);
        if received {
            reached!("commit by receipt");
            self.by_receipt = core.log.commit;
        }
        to < held
    }

    /// The primary's own: commit is held by every member, from the opening entry on.
    pub(crate) fn inequalities(&self, core: &Core) -> Result<(), String> {
        let commit = core.log.commit;
        if commit < self.opening {
            return Ok(());
        }
        for member in self.record.members.iter().filter(|m| m.incarnation != core.me) {
            let held = self
                .peers
                .get(&member.incarnation)
                .map_or(0, |peer| peer.acked.max(peer.received.min(self.by_receipt)));
            if commit > held {
                let name = &member.name;
                return Err(format!("commit {commit} <= held by member {name} {held}"));
            }
        }
        Ok(())
    }
}
