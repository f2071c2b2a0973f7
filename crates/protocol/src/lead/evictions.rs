//! Backups that a primary has dropped and that have not come back.

use std::collections::BTreeMap;

use crate::{Incarnation, Member};

/// How often the same copy is ordered away, at most: an order may not be carried out.
const ORDERS: u32 = 8;
/// Each pause is twice the one before, up to the first one times two to this power.
const DOUBLINGS: u32 = 5;

/// Backups that this primary has dropped and not seen again: as many as it has dropped in this term, less those that
/// came back or were ordered away [`ORDERS`] times.
#[derive(Default)]
pub(super) struct Evictions {
    dropped: BTreeMap<Incarnation, Away>,
    /// When the read that decides was asked for; at most one at a time.
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
    /// Whether it has been away for long enough, where the first order waits for so long.
    fn is_due(&self, now: u64, first: u64) -> bool {
        now.saturating_sub(self.since) >= first << self.orders.min(DOUBLINGS)
    }
}

impl Evictions {
    pub fn note(&mut self, member: Member, now: u64) {
        self.dropped.insert(member.incarnation, Away { member, since: now, orders: 0 });
    }

    pub fn is_empty(&self) -> bool {
        self.dropped.is_empty()
    }

    /// Forgets those of whose name somebody is here.
    pub fn forget(&mut self, is_here: impl Fn(&str) -> bool) {
        self.dropped.retain(|_, away| !is_here(&away.member.name));
    }

    /// Whether the register is to be asked now; from then on until [`Evictions::answered`].
    pub fn is_due(&self, now: u64, first: u64) -> bool {
        self.asked.is_none() && self.dropped.values().any(|away| away.is_due(now, first))
    }

    pub fn ask(&mut self, now: u64) {
        self.asked = Some(now);
    }

    /// The register has answered: when it was asked.
    pub fn answered(&mut self) -> Option<u64> {
        self.asked.take()
    }

    /// Those to be ordered away, of those that were away when the register was asked.
    pub fn order(
        &mut self,
        now: u64,
        first: u64,
        asked: u64,
        is_obliged: impl Fn(Incarnation) -> bool,
    ) -> Vec<Member> {
        let mut ordered = Vec::new();
        for (incarnation, away) in &mut self.dropped {
            if away.is_due(now, first) && away.since < asked && !is_obliged(*incarnation) {
                (away.since, away.orders) = (now, away.orders + 1);
                ordered.push(away.member.clone());
            }
        }
        self.dropped.retain(|_, away| away.orders < ORDERS);
        ordered
    }
}
