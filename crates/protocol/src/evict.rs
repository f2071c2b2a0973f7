//! Getting rid of a dropped backup that does not come back: its supervisor may replace it. Off unless
//! [`crate::Timing::evict`] says after how long.
//!
//! The process that hangs may still hold the only other whole copy of the log, so nothing here may
//! take away a copy that the register names: the drop was won by this primary itself, and a
//! linearizable read that began after the delay, and was not long under way, still shows its own
//! record.

use std::collections::BTreeMap;

use crate::core::Core;
use crate::lead::Leading;
use crate::{Effect, Incarnation, Member};

/// How often the same copy is ordered away, at most: an order may not be carried out.
const ORDERS: u32 = 8;
/// Each pause is twice the one before, up to the first one times two to this power.
const DOUBLINGS: u32 = 5;

/// Backups that this primary has dropped and not seen again.
#[derive(Default)]
pub(crate) struct Evictions {
    dropped: BTreeMap<Incarnation, Away>,
    /// When the read that decides was asked for.
    asked: Option<u64>,
}

/// A dropped backup that has not come back.
struct Away {
    member: Member,
    /// Since it was dropped, or was ordered away last.
    since: u64,
    orders: u32,
}

impl Away {
    fn delay(&self, first: u64) -> u64 {
        first << self.orders.min(DOUBLINGS)
    }
}

impl Leading {
    /// A drop is won: that copy is not named any more.
    pub(crate) fn note_dropped(&mut self, core: &Core, member: &Member) {
        // One that has asked to leave goes by itself, and a replaced one is gone.
        let goes =
            |i| self.peers.get(&i).is_some_and(|peer| peer.leaving || self.is_replaced(peer));
        // In `async` mode it may hold what nobody else does.
        let spared = core.may_speculate() || goes(member.incarnation);
        if core.config.timing.evict.is_some() && !spared {
            let dropped = Away { member: member.clone(), since: core.now.mono, orders: 0 };
            self.evictions.dropped.insert(member.incarnation, dropped);
        }
    }

    /// Asks the register once somebody has been missing for long enough.
    pub(crate) fn advance_evictions(&mut self, core: &mut Core) {
        let Some(delay) = core.config.timing.evict else { return };
        if self.evictions.dropped.is_empty() {
            return;
        }
        // One that hangs keeps its stream open for a while: only who is heard of is here.
        let here = |name: &str| {
            self.peers.values().any(|peer| {
                peer.conn.is_some()
                    && peer.member.name == name
                    && !core.passed(peer.heard, core.config.timing.drop)
            })
        };
        let back: Vec<Incarnation> = self
            .evictions
            .dropped
            .iter()
            .filter(|(_, away)| here(&away.member.name))
            .map(|(incarnation, _)| *incarnation)
            .collect();
        for incarnation in back {
            self.evictions.dropped.remove(&incarnation);
        }
        let is_due = |away: &Away| core.passed(away.since, away.delay(delay));
        let due = self.evictions.dropped.values().any(is_due);
        // Only a read that begins now counts, so nothing else may be under way.
        if due && self.evictions.asked.is_none() && self.seal.is_none() && core.register.is_free() {
            self.evictions.asked = Some(core.now.mono);
            core.register.look(&mut core.out);
        }
    }

    /// The register has answered, and says what this primary wrote last if `mine`.
    pub(crate) fn decide_evictions(&mut self, core: &mut Core, mine: bool) {
        let (Some(asked), Some(delay)) = (self.evictions.asked.take(), core.config.timing.evict)
        else {
            return;
        };
        // Nobody takes over sooner than `promote` after it last heard of this primary: an answer that
        // took less than `drop` is not older than what it says.
        if !mine || self.seal.is_some() || core.passed(asked, core.config.timing.drop) {
            return;
        }
        let now = core.now.mono;
        let named = self.obliged(core);
        for (incarnation, away) in &mut self.evictions.dropped {
            let due = now.saturating_sub(away.since) >= away.delay(delay) && away.since < asked;
            if due && !named.contains(incarnation) {
                (away.since, away.orders) = (now, away.orders + 1);
                core.out.push(Effect::Evict { member: away.member.clone() });
            }
        }
        self.evictions.dropped.retain(|_, away| away.orders < ORDERS);
    }
}
