//! Getting rid of a dropped backup that does not come back: its supervisor may replace it. Off unless
//! [`crate::Timing::evict`] says after how long.
//!
//! The process that hangs may still hold the only other whole copy of the log, so nothing here may
//! take away a copy that the register names: the drop was won by this primary itself, and a
//! linearizable read that began after the delay, and was not long under way, still shows its own
//! record.

use super::Leading;
use crate::core::Core;
use crate::{Effect, Incarnation, Member};

impl Leading {
    /// A drop is won: that copy is not named any more.
    pub(super) fn note_dropped(&mut self, core: &Core, member: &Member) {
        // One that has asked to leave goes by itself, and a replaced one is gone.
        let goes = |who: Incarnation| {
            let peer = self.followers.get(who);
            peer.is_some_and(|peer| peer.leaving || self.followers.is_replaced(peer))
        };
        // In `async` mode it may hold what nobody else does.
        let spared = core.may_speculate() || goes(member.incarnation);
        if core.config.timing.evict.is_some() && !spared {
            self.evictions.note(member.clone(), core.now.mono);
        }
    }

    /// Asks the register once somebody has been missing for long enough.
    pub(super) fn advance_evictions(&mut self, core: &mut Core) {
        let Some(delay) = core.config.timing.evict else { return };
        if self.evictions.is_empty() {
            return;
        }
        // One that hangs keeps its stream open for a while: only who is heard of is here.
        let is_here = |name: &str| {
            self.followers.iter().any(|peer| {
                peer.is_connected()
                    && peer.member.name == name
                    && !core.passed(peer.heard, core.config.timing.drop)
            })
        };
        self.evictions.forget(is_here);
        // Only a read that begins now counts, so nothing else may be under way.
        let may_ask = !self.handover.is_under_way() && core.register.is_free();
        if may_ask && self.evictions.is_due(core.now.mono, delay) {
            self.evictions.ask(core.now.mono);
            core.register.read(&mut core.out);
        }
    }

    /// The register has answered, and says what this primary wrote last if `mine`.
    pub(super) fn decide_evictions(&mut self, core: &mut Core, mine: bool) {
        let Some(asked) = self.evictions.answered() else { return };
        let Some(delay) = core.config.timing.evict else { return };
        // Nobody takes over sooner than `promote` after it last heard of this primary: an answer that
        // took less than `drop` is not older than what it says.
        let late = core.passed(asked, core.config.timing.drop);
        if !mine || self.handover.is_under_way() || late {
            return;
        }
        let obliged = self.membership.obliged(core);
        let is_obliged = |who| obliged.contains(&who);
        for member in self.evictions.order(core.now.mono, delay, asked, is_obliged) {
            core.out.push(Effect::Evict { member });
        }
    }
}
