//! The model's keys.

use std::collections::BTreeMap;

use bytes::Bytes;
use understudy_machine::{
    Compare, Delete, DeleteResult, Failure, FailureCode, Get, GetResult, GrantLease, KeyRange,
    KeyValue, LeaseRevoked, Lifetime, Limit, Operation, Outcome, Put, PutResult, Quota, Relation,
    Step, StepOutcome, Target, Txn, TxnItem, TxnOperation, TxnResult,
};

use crate::leases::Leases;

/// Every key that the events use, and the first key of all, in order.
const KEYS: [&str; 6] = ["\0", "a", "a\0", "b", "c", "d"];

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Store {
    map: BTreeMap<Bytes, KeyValue>,
    pub revision: i64,
    pub leases: Leases,
}

type Done<T> = Result<T, Failure>;

impl Store {
    pub fn keys(&self) -> Vec<KeyValue> {
        self.map.values().cloned().collect()
    }

    pub fn usage(&self) -> (u64, u64) {
        let bytes = self.map.values().map(|key| key.key.len() + key.value.len()).sum::<usize>();
        (self.map.len() as u64, bytes as u64)
    }

    pub fn keys_of(&self, lease: i64) -> Vec<Bytes> {
        self.map.values().filter(|kv| kv.lease == lease).map(|kv| kv.key.clone()).collect()
    }

    /// Ends the leases whose time is over, and forgets those that have ended and have no keys.
    pub fn expire(&mut self) {
        self.leases.expire();
        let Store { map, leases, .. } = self;
        let hangs = |id: i64| map.values().any(|kv| kv.lease == id);
        leases.all.retain(|id, lease| !lease.ended || hangs(*id));
    }

    /// Deletes the keys of the leases that have ended.
    pub fn delete_leftovers(&mut self) {
        let Store { map, leases, .. } = self;
        let before = map.len();
        map.retain(|_, kv| leases.all.get(&kv.lease).is_none_or(|lease| !lease.ended));
        self.revision += i64::from(map.len() < before);
        self.expire();
    }

    pub fn revoke(&mut self, lease: i64) -> Done<Outcome> {
        self.leases.find(lease)?.ended = true;
        let before = self.map.len();
        self.map.retain(|_, kv| kv.lease != lease);
        let keys = (before - self.map.len()) as u64;
        self.revision += i64::from(keys > 0);
        self.expire();
        Ok(Outcome::LeaseRevoked(LeaseRevoked { keys }))
    }

    /// The store after the operation, and what it answers.
    pub fn run(&self, operation: Operation, quota: &Quota) -> Done<(Store, Outcome)> {
        let mut after = self.clone();
        after.revision += 1;
        after.leases.begin();
        let mut keys = quota.max_range_keys;
        let outcome = match operation {
            Operation::Put(put) => Outcome::Put(after.put(put, quota)?),
            Operation::Delete(delete) => Outcome::Delete(after.delete(delete, quota, &mut keys)?),
            Operation::Txn(txn) => Outcome::Txn(after.txn(txn, quota, &mut keys)?),
            other => panic!("not an operation on keys: {other:?}"),
        };
        let (before, now) = (self.usage(), after.usage());
        for (what, limit, before, now) in [
            (Limit::Keys, quota.max_keys, before.0, now.0),
            (Limit::Bytes, quota.max_bytes, before.1, now.1),
        ] {
            if now > limit && now > before {
                return Err(Failure::beyond(FailureCode::QuotaExceeded, what, limit, now));
            }
        }
        if after.map == self.map {
            after.revision = self.revision;
        }
        after.expire();
        Ok((after, outcome))
    }

    fn put(&mut self, put: Put, quota: &Quota) -> Done<PutResult> {
        check_key(&put.key)?;
        self.put_checked(put, quota)
    }

    fn put_checked(&mut self, put: Put, quota: &Quota) -> Done<PutResult> {
        let old = self.map.get(&put.key).cloned();
        let actual = old.as_ref().map_or(0, |old| old.mod_revision);
        if put.if_mod_revision.is_some_and(|wanted| wanted != actual) {
            return Err(Failure::found(FailureCode::ConditionFailed, actual as u64));
        }
        let lease = match put.lifetime {
            None | Some(Lifetime::Kept(false)) => 0,
            Some(Lifetime::Lease(id)) => self.leases.usable(id)?,
            Some(Lifetime::Ttl(ttl)) => self.leases.grant(GrantLease { ttl, lease: 0 }, quota)?,
            Some(Lifetime::Kept(true)) => {
                let lease = old.as_ref().map_or(0, |old| old.lease);
                self.leases.usable(lease).unwrap_or(0)
            }
        };
        let new = KeyValue {
            key: put.key.clone(),
            value: put.value,
            create_revision: old.as_ref().map_or(self.revision, |old| old.create_revision),
            mod_revision: self.revision,
            version: old.as_ref().map_or(1, |old| old.version + 1),
            lease,
        };
        let version = new.version;
        self.map.insert(put.key, new);
        Ok(PutResult { previous: old.filter(|_| put.want_previous), version, lease })
    }

    fn delete(&mut self, delete: Delete, quota: &Quota, left: &mut u64) -> Done<DeleteResult> {
        check_range(delete.range.as_ref())?;
        let (keys, more) = self.select(delete.range.as_ref(), delete.limit, quota, left)?;
        self.map.retain(|_, key| !keys.contains(key));
        let deleted = keys.len() as u64;
        Ok(DeleteResult {
            deleted,
            more,
            previous: if delete.want_previous { keys } else { vec![] },
        })
    }

    fn select(
        &self,
        range: Option<&KeyRange>,
        limit: u64,
        quota: &Quota,
        left: &mut u64,
    ) -> Done<(Vec<KeyValue>, bool)> {
        let range = range.unwrap();
        let all: Vec<_> = self.keys().into_iter().filter(|key| range.contains(&key.key)).collect();
        let most = if limit == 0 { *left } else { limit.min(*left) };
        let taken: Vec<_> = all.iter().take(most as usize).cloned().collect();
        let more = taken.len() < all.len();
        if more && limit == 0 {
            let limit = quota.max_range_keys;
            return Err(Failure::beyond(FailureCode::TooManyKeys, Limit::RangeKeys, limit, 0));
        }
        *left -= taken.len() as u64;
        Ok((taken, more))
    }

    fn txn(&mut self, txn: Txn, quota: &Quota, keys: &mut u64) -> Done<TxnResult> {
        for list in [&txn.then, &txn.otherwise] {
            for (at, operation) in (0..).zip(list) {
                check_step(operation).map_err(|failure| at_step(failure, at))?;
            }
            check_written_once(list)?;
        }
        let succeeded = txn.compares.iter().all(|compare| self.holds(compare));
        let list = if succeeded { txn.then } else { txn.otherwise };
        let mut items = Vec::new();
        for (at, operation) in (0..).zip(list) {
            let outcome = self.step(operation.step.unwrap(), quota, keys);
            let outcome = outcome.map_err(|failure| at_step(failure, at))?;
            items.push(TxnItem { outcome: Some(outcome) });
        }
        Ok(TxnResult { succeeded, items })
    }

    fn step(&mut self, step: Step, quota: &Quota, keys: &mut u64) -> Done<StepOutcome> {
        Ok(match step {
            Step::Put(put) => StepOutcome::Put(self.put_checked(put, quota)?),
            Step::Delete(delete) => StepOutcome::Delete(self.delete(delete, quota, keys)?),
            Step::Get(Get { range, limit, keys_only }) => {
                let (mut keys, more) = self.select(range.as_ref(), limit, quota, keys)?;
                if keys_only {
                    keys.iter_mut().for_each(|kv| kv.value = Bytes::new());
                }
                StepOutcome::Get(GetResult { keys, more })
            }
        })
    }

    fn holds(&self, compare: &Compare) -> bool {
        let found = self.map.get(&compare.key);
        let relate = |order: std::cmp::Ordering| match compare.relation() {
            Relation::Equal => order.is_eq(),
            Relation::NotEqual => order.is_ne(),
            Relation::Less => order.is_lt(),
            Relation::Greater => order.is_gt(),
            Relation::Unspecified => panic!("not drafted"),
        };
        let zero = KeyValue::default();
        let key = found.unwrap_or(&zero);
        match compare.target.as_ref().unwrap() {
            Target::Value(given) => found.is_some() && relate(key.value.cmp(given)),
            Target::ModRevision(given) => relate(key.mod_revision.cmp(given)),
            Target::CreateRevision(given) => relate(key.create_revision.cmp(given)),
            Target::Version(given) => relate(key.version.cmp(given)),
            Target::Lease(given) => relate(key.lease.cmp(given)),
        }
    }
}

fn at_step(failure: Failure, at: u32) -> Failure {
    Failure { operation: Some(at), ..failure }
}

fn check_step(operation: &TxnOperation) -> Done<()> {
    match operation.step.as_ref().unwrap() {
        Step::Put(put) => check_key(&put.key),
        Step::Delete(Delete { range, .. }) | Step::Get(Get { range, .. }) => {
            check_range(range.as_ref())
        }
    }
}

fn check_range(range: Option<&KeyRange>) -> Done<()> {
    match range {
        None => Err(Failure::new(FailureCode::BadCommand)),
        Some(KeyRange::Key(key)) => check_key(key),
        Some(_) => Ok(()),
    }
}

fn check_key(key: &Bytes) -> Done<()> {
    match key.len() as u64 {
        0 => Err(Failure::new(FailureCode::KeyEmpty)),
        length if length > 4096 => {
            Err(Failure::beyond(FailureCode::KeyTooLong, Limit::KeyBytes, 4096, length))
        }
        _ => Ok(()),
    }
}

/// By every single key.
fn check_written_once(list: &[TxnOperation]) -> Done<()> {
    let writes = |operation: &TxnOperation, key: &str| match operation.step.as_ref().unwrap() {
        Step::Put(put) => put.key == key,
        Step::Delete(delete) => delete.range.as_ref().unwrap().contains(key.as_bytes()),
        Step::Get(_) => false,
    };
    for at in 0..list.len() {
        let again = |key: &&str| {
            writes(&list[at], key) && list[..at].iter().any(|before| writes(before, key))
        };
        if KEYS.iter().any(again) {
            return Err(at_step(Failure::new(FailureCode::DuplicateKeyInTxn), at as u32));
        }
    }
    Ok(())
}
