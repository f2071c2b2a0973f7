//! All leases: which are alive, and the keys attached to them.

use std::ops::Bound;

use bytes::Bytes;
use imbl::{OrdMap, OrdSet};
use understudy_evidence::correct;

use super::change::Change;
use super::deadlines::{Deadlines, Life};
use super::key::Key;
use super::quota::Quota;
use super::record::Record;
use super::shares::Shares;
use crate::{Failure, FailureCode, LeaseInfo, Limit};

/// The shortest and the longest lifetime of a lease, nanoseconds: a millisecond, ten years.
pub const LEASE_TTL: std::ops::RangeInclusive<u64> = 1_000_000..=315_360_000_000_000_000;
/// Ids from here on are the store's own: it can always choose one that was never used.
const CHOSEN_BELOW: i64 = 1 << 62;

/// A lease, alive or on its way out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Lease {
    pub life: Life,
    /// The keys attached to it.
    pub keys: OrdSet<Key>,
    /// It has ended, and its keys are still to be deleted.
    pub ended: bool,
    /// Whose share it counts for, until its last key is gone.
    pub owner: Bytes,
}

/// The table of leases.
///
/// A lease ends when its time is over or it is revoked: from then on nobody can use it. Its keys go
/// in bounded batches, each of which is a revision. An entry makes at most one revision, so the
/// batches wait for ticks, which have none of their own, and a revocation deletes the first one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leases {
    all: OrdMap<i64, Lease>,
    /// Those that have ended.
    ended: OrdSet<i64>,
    pub(super) deadlines: Deadlines,
    /// The highest id ever used.
    pub(super) highest: i64,
    /// Keys attached to any lease.
    keys: u64,
    /// What each owner has of them.
    shares: Shares,
}

impl Leases {
    /// Leases that can be used, and those that have ended.
    pub fn len(&self) -> u64 {
        self.all.len() as u64
    }

    pub fn shares(&self) -> &Shares {
        &self.shares
    }

    /// Keys attached to any of them.
    pub fn keys(&self) -> u64 {
        self.keys
    }

    pub fn iter(&self) -> impl Iterator<Item = (i64, &Lease)> {
        self.all.iter().map(|(id, lease)| (*id, lease))
    }

    /// Those with a higher id.
    pub fn after(&self, id: i64) -> impl Iterator<Item = (i64, &Lease)> {
        self.all.range((Bound::Excluded(id), Bound::Unbounded)).map(|(id, lease)| (*id, lease))
    }

    /// Whether keys of ended leases are to be deleted.
    pub fn is_ending(&self) -> bool {
        !self.ended.is_empty()
    }

    /// The id that a lease gets: the one wanted, or, for 0, one above all that were ever used.
    /// `more` leases are granted before it by the same operation, for the same owner.
    pub fn check_grant(
        &self,
        wanted: i64,
        ttl: u64,
        more: u64,
        owner: &[u8],
        quota: &Quota,
    ) -> Result<i64, Failure> {
        if !LEASE_TTL.contains(&ttl) || !(0..CHOSEN_BELOW).contains(&wanted) {
            return Err(Failure::new(FailureCode::BadCommand));
        }
        if self.all.contains_key(&wanted) {
            return Err(Failure::found(FailureCode::LeaseExists, wanted.unsigned_abs()));
        }
        let kind = (Limit::Leases, quota.max_leases);
        self.shares.check(kind, (self.len(), more + 1), owner, quota)?;
        // Clients choose below 2^62, and fewer than 2^62 leases are ever granted: it does not overflow.
        Ok(if wanted == 0 { self.highest + more as i64 + 1 } else { wanted })
    }

    pub fn grant(&mut self, id: i64, ttl: u64, now: u64, owner: &Bytes) {
        let (life, owner) = (Life::new(ttl, now), owner.clone());
        self.insert(id, Lease { life, keys: OrdSet::new(), ended: false, owner });
        self.highest = self.highest.max(id);
    }

    /// Adds a lease as it is, without keys.
    pub fn insert(&mut self, id: i64, mut lease: Lease) {
        lease.owner = self.shares.add(&lease.owner);
        if lease.ended {
            self.ended.insert(id);
        } else {
            self.deadlines.add(id.unsigned_abs(), &lease.life);
        }
        self.all.insert(id, lease);
    }

    /// Renews a lease; returns its lifetime.
    pub fn keep(&mut self, id: i64, now: u64) -> Result<u64, Failure> {
        self.find(id, now)?;
        let lease = self.all.get_mut(&id).expect("a lease that was found is in the table");
        lease.life.used = correct!(now, "lease-kept-in-vain" => lease.life.used);
        Ok(lease.life.ttl)
    }

    /// The lease, if it can be used: one whose time is over cannot, whether or not the batches of
    /// [`Leases::expire`] have reached it.
    pub fn find(&self, id: i64, now: u64) -> Result<&Lease, Failure> {
        match self.all.get(&id) {
            Some(lease) if !lease.ended && !self.deadlines.is_over(&lease.life, now) => Ok(lease),
            _ => Err(Failure::found(FailureCode::LeaseUnknown, id.unsigned_abs())),
        }
    }

    /// The state of a lease at this time.
    pub fn info(&self, id: i64, lease: &Lease, now: u64) -> LeaseInfo {
        let left = self.deadlines.end(&lease.life).saturating_sub(now);
        let (keys, owner) = (lease.keys.len() as u64, lease.owner.clone());
        LeaseInfo { lease: id, ttl: lease.life.ttl, left, keys, owner }
    }

    /// Ends the leases whose time is over, oldest first, looking at `most`.
    pub fn expire(&mut self, now: u64, most: u64) {
        for _ in 0..most {
            let Some(id) = self.deadlines.due(now) else { return };
            let lease =
                self.all.get_mut(&(id as i64)).expect("a lease in the queue is in the table");
            if self.deadlines.look(id, &mut lease.life, now) {
                self.end(id as i64);
            }
        }
    }

    /// Ends a lease; gives how many keys are attached to it.
    pub fn end(&mut self, id: i64) -> u64 {
        let Some(lease) = self.all.get_mut(&id) else { return 0 };
        self.deadlines.remove(id.unsigned_abs(), &lease.life);
        let keys = lease.keys.len() as u64;
        if keys == 0 {
            self.remove(id);
        } else {
            lease.ended = true;
            self.ended.insert(id);
        }
        keys
    }

    /// The first keys that are still to be deleted: of this lease, or of all that have ended.
    pub fn leftovers(&self, of: Option<i64>, most: usize) -> Vec<Key> {
        let ended = self.ended.iter().filter(|id| of.is_none_or(|of| of == **id));
        let keys = ended.filter_map(|id| self.all.get(id)).flat_map(|lease| lease.keys.iter());
        keys.take(most).cloned().collect()
    }

    /// Lets keys hang where an operation has left them.
    pub fn follow(&mut self, changes: &[Change]) {
        let lease = |record: &Option<Record>| record.as_ref().map_or(0, |record| record.lease);
        for Change { key, before, after } in changes {
            let (from, to) = (lease(before), lease(after));
            if correct!(from != to, "lease-keeps-freed-key" => from != to && to != 0) {
                self.detach(from, key);
                self.attach(to, key);
            }
        }
    }

    /// Attaches a key to a lease; false if there is none of this id.
    pub fn attach(&mut self, id: i64, key: &Key) -> bool {
        let Some(lease) = self.all.get_mut(&id) else { return false };
        lease.keys.insert(key.clone());
        self.keys += 1;
        true
    }

    fn detach(&mut self, id: i64, key: &Key) {
        let Some(lease) = self.all.get_mut(&id) else { return };
        lease.keys.remove(key);
        self.keys -= 1;
        if lease.ended && lease.keys.is_empty() {
            self.remove(id);
            self.ended.remove(&id);
        }
    }

    fn remove(&mut self, id: i64) {
        if let Some(lease) = self.all.remove(&id) {
            self.shares.remove(&lease.owner);
        }
    }
}
