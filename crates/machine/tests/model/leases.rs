//! The model's leases: exact deadlines; which keys are attached to them, the keys say.

use std::collections::BTreeMap;

use bytes::Bytes;
use understudy_machine::{
    Failure, FailureCode, GrantLease, LeaseGranted, LeaseInfo, LeaseKept, Limit, Outcome, Quota,
};

use crate::common::SECOND;
use crate::shares;

const TEN_YEARS: u64 = 3650 * 86400 * SECOND;

#[derive(Clone, PartialEq, Debug)]
pub struct Lease {
    ttl: u64,
    deadline: u64,
    pub ended: bool,
    owner: Bytes,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Leases {
    pub all: BTreeMap<i64, Lease>,
    highest: i64,
    /// From here on they are granted by the operation under way, which cannot use them itself.
    pub fresh: i64,
    pub now: u64,
    /// Whose command is executed.
    pub owner: Bytes,
}

type Done<T> = Result<T, Failure>;

impl Leases {
    pub fn renew_all(&mut self) {
        for lease in self.all.values_mut().filter(|lease| !lease.ended) {
            lease.deadline = self.now + lease.ttl;
        }
    }

    pub fn expire(&mut self) {
        for lease in self.all.values_mut().filter(|lease| lease.deadline <= self.now) {
            lease.ended = true;
        }
    }

    pub fn find(&mut self, id: i64) -> Done<&mut Lease> {
        let unknown = Failure::found(FailureCode::LeaseUnknown, id as u64);
        self.all.get_mut(&id).filter(|lease| !lease.ended).ok_or(unknown)
    }

    /// What a put may hang a key on.
    pub fn usable(&mut self, id: i64) -> Done<i64> {
        if id >= self.fresh {
            return Err(Failure::found(FailureCode::LeaseUnknown, id as u64));
        }
        self.find(id).map(|_| id)
    }

    pub fn begin(&mut self) {
        self.fresh = self.highest + 1;
    }

    pub fn grant(&mut self, GrantLease { ttl, lease }: GrantLease, quota: &Quota) -> Done<i64> {
        if !(SECOND / 1000..=TEN_YEARS).contains(&ttl) || lease < 0 {
            return Err(Failure::new(FailureCode::BadCommand));
        }
        if self.all.contains_key(&lease) {
            return Err(Failure::found(FailureCode::LeaseExists, lease as u64));
        }
        let owners = self.all.values().map(|lease| &lease.owner);
        shares::check((Limit::Leases, quota.max_leases), owners, &self.owner, quota)?;
        let id = if lease == 0 { self.highest + 1 } else { lease };
        let (deadline, owner) = (self.now + ttl, self.owner.clone());
        self.all.insert(id, Lease { ttl, deadline, ended: false, owner });
        self.highest = self.highest.max(id);
        Ok(id)
    }

    pub fn granted(&mut self, grant: GrantLease, quota: &Quota) -> Done<Outcome> {
        let lease = self.grant(grant, quota)?;
        Ok(Outcome::LeaseGranted(LeaseGranted { lease, ttl: grant.ttl }))
    }

    pub fn keep(&mut self, id: i64) -> Done<Outcome> {
        let now = self.now;
        let lease = self.find(id)?;
        lease.deadline = now + lease.ttl;
        Ok(Outcome::LeaseKept(LeaseKept { ttl: lease.ttl }))
    }

    pub fn first_deadline(&self) -> Option<u64> {
        self.all.values().map(|lease| if lease.ended { 0 } else { lease.deadline }).min()
    }

    /// What the machine must tell of the leases, given the keys on each.
    pub fn infos(&self, keys: impl Fn(i64) -> usize) -> Vec<LeaseInfo> {
        let usable = self.all.iter().filter(|(_, lease)| !lease.ended);
        let info = |(&id, lease): (&i64, &Lease)| LeaseInfo {
            lease: id,
            ttl: lease.ttl,
            left: lease.deadline - self.now,
            keys: keys(id) as u64,
            owner: lease.owner.clone(),
        };
        usable.map(info).collect()
    }
}
