//! One operation on the keys: all of it or nothing.

use std::cmp::Ordering;

use bytes::Bytes;
use prost::Message;
use understudy_evidence::correct;

use super::change::Change;
use super::check::check_delete;
use super::key::Key;
use super::keyspace::Keyspace;
use super::leases::Leases;
use super::quota::Quota;
use super::record::Record;
use crate::{
    Compare, Delete, DeleteResult, Failure, FailureCode, Get, GetResult, KeyRange, KeyValue,
    Lifetime, Limit, Operation, Outcome, Page, Put, PutResult, Relation, Response, Step,
    StepOutcome, Target, Txn, TxnItem, TxnResult,
};

/// An operation under way. Its changes are made at once and undone if it fails in the end, so
/// that limits which depend on the outcome need no second implementation that predicts it.
pub(crate) struct Execution<'a> {
    keyspace: &'a mut Keyspace,
    leases: &'a Leases,
    quota: &'a Quota,
    /// Whose share leases count for.
    owner: &'a Bytes,
    /// Logged elapsed time.
    now: u64,
    /// The revision that all of its changes bear.
    revision: i64,
    changes: Vec<Change>,
    /// Leases to be granted with it: id and lifetime.
    granted: Vec<(i64, u64)>,
    /// Bytes that its response may still grow by.
    budget: u64,
    /// Keys that its ranges may still touch.
    keys: u64,
    before: (u64, u64),
}

/// What a response holds of the keys that a range holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answered {
    Whole,
    KeysOnly,
    Not,
}

impl<'a> Execution<'a> {
    /// Begins an operation that bears `revision` if it changes something. `changes` lends its
    /// room.
    pub fn new(
        (keyspace, leases): (&'a mut Keyspace, &'a Leases),
        (quota, owner): (&'a Quota, &'a Bytes),
        (revision, now): (i64, u64),
        mut changes: Vec<Change>,
    ) -> Self {
        changes.clear();
        let before = (keyspace.len(), keyspace.bytes());
        let (budget, keys) = (quota.max_response_bytes, quota.max_range_keys);
        let granted = Vec::new();
        Execution {
            keyspace,
            leases,
            quota,
            owner,
            now,
            revision,
            changes,
            granted,
            budget,
            keys,
            before,
        }
    }

    /// The changes so far, in order, and the leases to be granted, by id and lifetime.
    pub fn into_changes(self) -> (Vec<Change>, Vec<(i64, u64)>) {
        (self.changes, self.granted)
    }

    /// Whether the store, as it is now, may stay. One that was beyond a quota already may, if it did not
    /// grow.
    fn check_quotas(&self) -> Result<(), Failure> {
        let quota = self.quota;
        let (keys, bytes) = (self.keyspace.len(), self.keyspace.bytes());
        grown(Limit::Keys, quota.max_keys, self.before.0, keys)?;
        grown(Limit::Bytes, quota.max_bytes, self.before.1, bytes)
    }

    /// Does the operation, as far as its outcome is within the quotas. After an error its changes are to be
    /// taken back.
    pub fn run(&mut self, operation: Operation) -> Result<Response, Failure> {
        let outcome = match operation {
            Operation::Put(put) => {
                self.quota.check_put(&put)?;
                Outcome::Put(self.put(put)?)
            }
            Operation::Delete(delete) => {
                check_delete(&delete)?;
                Outcome::Delete(self.delete(&delete)?)
            }
            Operation::Txn(txn) => {
                self.quota.check_txn(&txn)?;
                Outcome::Txn(self.txn(txn)?)
            }
            _ => return Err(Failure::new(FailureCode::BadCommand)),
        };
        self.check_quotas()?;
        let revision = if self.changes.is_empty() { self.revision - 1 } else { self.revision };
        Ok(Response { revision, result: Some(outcome) })
    }

    fn put(&mut self, put: Put) -> Result<PutResult, Failure> {
        let old = self.keyspace.record(&put.key);
        let actual = old.map_or(0, |record| record.mod_revision);
        let wanted = correct!(put.if_mod_revision, "condition-ignored" => None);
        if wanted.is_some_and(|wanted| wanted != actual) {
            return Err(Failure::found(FailureCode::ConditionFailed, actual as u64));
        }
        let wanted = old.filter(|_| put.want_previous);
        let previous = wanted.map(|record| record.with_bytes(put.key.clone()));
        let lease = self.lease(put.lifetime, old)?;
        let record = Record::written(old, self.revision, put.value, lease);
        if let Some(Lifetime::Ttl(ttl)) = put.lifetime {
            self.granted.push((lease, ttl));
        }
        self.spend(&previous)?;
        let result = PutResult { previous, version: record.version, lease: record.lease };
        self.changes.push(self.keyspace.put(Key::new(put.key), record));
        Ok(result)
    }

    /// The lease that a key is attached to after a put.
    fn lease(&self, lifetime: Option<Lifetime>, old: Option<&Record>) -> Result<i64, Failure> {
        match lifetime {
            None | Some(Lifetime::Kept(false)) => Ok(0),
            Some(Lifetime::Lease(id)) => self.leases.find(id, self.now).map(|_| id),
            Some(Lifetime::Ttl(ttl)) => {
                let more = self.granted.len() as u64;
                self.leases.check_grant(0, ttl, more, self.owner, self.quota)
            }
            // One that has ended keeps nothing any more.
            Some(Lifetime::Kept(true)) => {
                let lease = old.map_or(0, |old| old.lease);
                Ok(self.leases.find(lease, self.now).map_or(0, |_| lease))
            }
        }
    }

    fn delete(&mut self, delete: &Delete) -> Result<DeleteResult, Failure> {
        let answered = if delete.want_previous { Answered::Whole } else { Answered::Not };
        let page = self.page(delete.range.as_ref(), delete.limit, answered)?;
        for key in &page.keys {
            self.changes.extend(self.keyspace.remove(&key.key));
        }
        let deleted = page.keys.len() as u64;
        let previous = if delete.want_previous { page.keys } else { Vec::new() };
        Ok(DeleteResult { deleted, previous, more: page.more })
    }

    fn get(&mut self, get: &Get) -> Result<GetResult, Failure> {
        let answered = if get.keys_only { Answered::KeysOnly } else { Answered::Whole };
        let page = self.page(get.range.as_ref(), get.limit, answered)?;
        Ok(GetResult { keys: page.keys, more: page.more })
    }

    fn txn(&mut self, txn: Txn) -> Result<TxnResult, Failure> {
        let succeeded = txn.compares.iter().all(|compare| self.holds(compare));
        let list = if succeeded { txn.then } else { txn.otherwise };
        let mut items = Vec::with_capacity(list.len());
        for (at, operation) in (0..).zip(list) {
            let outcome = match operation.step {
                Some(Step::Put(put)) => self.put(put).map(StepOutcome::Put),
                Some(Step::Delete(delete)) => self.delete(&delete).map(StepOutcome::Delete),
                Some(Step::Get(get)) => self.get(&get).map(StepOutcome::Get),
                None => Err(Failure::new(FailureCode::BadCommand)),
            };
            let outcome = outcome.map_err(|failure| Failure { operation: Some(at), ..failure })?;
            items.push(TxnItem { outcome: Some(outcome) });
        }
        Ok(TxnResult { succeeded, items })
    }

    /// The first keys of a range. Without a limit of its own a range must not hold more than may
    /// still be touched; with one it gives what may be.
    fn page(
        &mut self,
        range: Option<&KeyRange>,
        limit: u64,
        answered: Answered,
    ) -> Result<Page, Failure> {
        let range = range.ok_or(Failure::new(FailureCode::BadCommand))?;
        let wanted = if limit == 0 { self.keys } else { limit.min(self.keys) };
        let mut page = Page::default();
        for (key, record) in self.keyspace.range(range) {
            if page.keys.len() as u64 == wanted {
                page.more = true;
                break;
            }
            let mut key = record.with_key(key);
            if answered == Answered::KeysOnly {
                key.value = Bytes::new();
            }
            if answered != Answered::Not {
                spend(&mut self.budget, self.quota, &key)?;
            }
            page.keys.push(key);
        }
        if page.more && limit == 0 {
            let limit = self.quota.max_range_keys;
            let failure = Failure::new(FailureCode::TooManyKeys);
            return Err(Failure { what: Limit::RangeKeys.into(), limit, ..failure });
        }
        self.keys -= page.keys.len() as u64;
        Ok(page)
    }

    fn holds(&self, compare: &Compare) -> bool {
        let record = self.keyspace.record(&compare.key);
        let number = |field: Option<i64>, given: &i64| Some(field.unwrap_or(0).cmp(given));
        let order = match &compare.target {
            Some(Target::Value(given)) => record.map(|record| record.value.cmp(given)),
            Some(Target::ModRevision(given)) => number(record.map(|r| r.mod_revision), given),
            Some(Target::CreateRevision(given)) => number(record.map(|r| r.create_revision), given),
            Some(Target::Version(given)) => number(record.map(|r| r.version), given),
            Some(Target::Lease(given)) => number(record.map(|r| r.lease), given),
            None => None,
        };
        order.is_some_and(|order| match compare.relation() {
            Relation::Unspecified => false,
            Relation::Equal => order == Ordering::Equal,
            Relation::NotEqual => order != Ordering::Equal,
            Relation::Less => order == Ordering::Less,
            Relation::Greater => order == Ordering::Greater,
        })
    }

    fn spend(&mut self, answered: &Option<KeyValue>) -> Result<(), Failure> {
        match answered {
            Some(key) => spend(&mut self.budget, self.quota, key),
            None => Ok(()),
        }
    }
}

/// Counts a key that the response will carry. The exact length of the response is checked in the end;
/// this only keeps what cannot fit from being gathered.
fn spend(budget: &mut u64, quota: &Quota, key: &KeyValue) -> Result<(), Failure> {
    match budget.checked_sub(key.encoded_len() as u64) {
        Some(left) => *budget = left,
        None => return Err(response_too_large(quota)),
    }
    Ok(())
}

/// The failure of an operation whose response is too long.
pub(crate) fn response_too_large(quota: &Quota) -> Failure {
    let limit = quota.max_response_bytes;
    let code = FailureCode::ResponseTooLarge;
    Failure { what: Limit::ResponseBytes.into(), limit, ..Failure::new(code) }
}

fn grown(what: Limit, limit: u64, before: u64, after: u64) -> Result<(), Failure> {
    if after > limit && after > before {
        return Err(Failure::beyond(FailureCode::QuotaExceeded, what, limit, after));
    }
    Ok(())
}
