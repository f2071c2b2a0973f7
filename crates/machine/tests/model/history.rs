//! Every version that any key ever had, and what must hold of answers and states by it alone.

use std::collections::BTreeMap;

use bytes::Bytes;
use understudy_machine::{DeleteResult, KeyValue, Outcome, Response, StepOutcome};

/// The versions of each key, oldest first: since which revision, and what it is from then on.
#[derive(Default)]
pub struct History {
    keys: BTreeMap<Bytes, Vec<(i64, Option<KeyValue>)>>,
    revision: i64,
}

impl History {
    /// Takes note of the whole store as it is after an entry.
    pub fn note(&mut self, revision: i64, store: Vec<KeyValue>) {
        let before = self.at(self.revision);
        if revision == self.revision {
            assert_eq!(store, before, "nothing changes without a revision");
            return;
        }
        assert_eq!(
            revision,
            self.revision + 1,
            "one revision for each operation that changes keys"
        );
        self.revision = revision;
        for gone in before.iter().filter(|old| !store.iter().any(|kv| kv.key == old.key)) {
            self.keys.entry(gone.key.clone()).or_default().push((revision, None));
        }
        for kv in store.into_iter().filter(|kv| !before.contains(kv)) {
            let versions = self.keys.entry(kv.key.clone()).or_default();
            check_version(versions, revision, &kv);
            versions.push((revision, Some(kv)));
        }
    }

    /// The store as it was at that revision.
    pub fn at(&self, revision: i64) -> Vec<KeyValue> {
        self.keys.keys().filter_map(|key| self.key_at(key, revision)).collect()
    }

    fn key_at(&self, key: &Bytes, revision: i64) -> Option<KeyValue> {
        let versions = self.keys.get(key)?;
        versions.iter().rev().find(|(since, _)| *since <= revision)?.1.clone()
    }

    /// An answer speaks of the store at its own revision and the one before, be it the answer of now
    /// or one that was held for a retry.
    pub fn check(&self, response: &Response) {
        let revision = response.revision;
        match &response.result {
            Some(Outcome::Put(put)) => self.check_previous(put.previous.as_ref(), revision),
            Some(Outcome::Delete(delete)) => self.check_deleted(delete, revision),
            Some(Outcome::Txn(txn)) => {
                for item in &txn.items {
                    match item.outcome.as_ref().expect("every step has an outcome") {
                        StepOutcome::Put(put) => {
                            self.check_previous(put.previous.as_ref(), revision);
                        }
                        StepOutcome::Delete(delete) => self.check_deleted(delete, revision),
                        StepOutcome::Get(get) => {
                            get.keys.iter().for_each(|kv| self.check_read(kv, revision));
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// No list of a transaction writes a key twice: what was there before it was there at the
    /// revision before.
    fn check_previous(&self, previous: Option<&KeyValue>, revision: i64) {
        if let Some(previous) = previous {
            assert_eq!(self.key_at(&previous.key, revision - 1).as_ref(), Some(previous));
        }
    }

    fn check_deleted(&self, delete: &DeleteResult, revision: i64) {
        for previous in &delete.previous {
            self.check_previous(Some(previous), revision);
            let after = self.key_at(&previous.key, revision);
            assert_eq!(after, None, "it is gone at revision {revision}");
        }
    }

    fn check_read(&self, read: &KeyValue, revision: i64) {
        let found = [revision - 1, revision].map(|at| self.key_at(&read.key, at));
        assert!(found.contains(&Some(read.clone())), "{read:?} was read, it was {found:?}");
    }
}

/// A key counts its versions from its creation, and knows when that was.
fn check_version(versions: &[(i64, Option<KeyValue>)], revision: i64, kv: &KeyValue) {
    let lived = versions.iter().rev().take_while(|(_, kv)| kv.is_some());
    let created = lived.clone().last().map_or(revision, |(since, _)| *since);
    assert_eq!(kv.version, 1 + lived.count() as i64, "{kv:?}");
    assert_eq!((kv.create_revision, kv.mod_revision), (created, revision), "{kv:?}");
}
