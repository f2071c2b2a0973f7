//! The ack rule (rule 2): what the primary's commit index rests on.

use std::collections::BTreeSet;

use understudy_evidence::{correct, reached};

use super::Leading;
use crate::core::Core;
use crate::{Incarnation, Index, Member};

impl Leading {
    /// Commits what everybody holds who must. Entries after settings are counted by their rule, so the
    /// settings are committed and in force first.
    pub(crate) fn advance_commit(&mut self, core: &mut Core) {
        loop {
            let received = core.settings.counts_received();
            let held = self.held_by_all(core, received);
            let counted = core.counted_by_this_rule(held);
            let commit = correct!(counted, "received-passes-settings" => held);
            core.commit(commit);
            if received {
                reached!("commit by receipt");
                self.by_receipt = core.log.commit;
            }
            if commit >= held {
                break;
            }
        }
        self.tail.settle(core.log.commit);
    }

    /// The end of what this primary's disk and everybody obliged hold.
    fn held_by_all(&self, core: &Core, received: bool) -> Index {
        let own = correct!(
            core.log.durable,
            "ack-before-own-disk" => core.log.last().index,
            "received-own-disk" => Leading::received_or_durable(core),
        );
        let obliged = correct!(
            self.membership.obliged(core),
            "ack-before-backup" => BTreeSet::new(),
            "release-before-drop" => self.obliged_and_unsuspected(core),
        );
        let held_by = |who: &Incarnation| {
            self.followers.get(*who).map_or(0, |peer| peer.progress.held(received))
        };
        let held = obliged.iter().map(held_by).fold(own, Index::min);
        if held < core.log.durable {
            reached!("entry waits for a backup");
        } else if held > core.log.commit && !obliged.is_empty() {
            reached!("commit moved by a backup's ack");
        }
        if core.log.commit < self.opening && held >= self.opening {
            reached!("opening entry committed");
        }
        held
    }

    /// The primary's own: commit is held by every member, from the opening entry on.
    pub(crate) fn inequalities(&self, core: &Core) -> Result<(), String> {
        let commit = core.log.commit;
        if commit < self.opening {
            return Ok(());
        }
        for Member { incarnation, name, .. } in self.membership.others(core.me) {
            let progress = self.followers.get(*incarnation).map(|peer| &peer.progress);
            let held = progress.map_or(0, |progress| progress.held_as_of(self.by_receipt));
            if commit > held {
                return Err(format!("commit {commit} <= held by member {name} {held}"));
            }
        }
        Ok(())
    }
}
