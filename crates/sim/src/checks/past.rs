//! The store as it stood before: every machine must be able to tell it, whatever it went through.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use understudy_machine::{KeyChange, KeyRange, KeyValue, KvMachine, Listing, Order, Reader};

use crate::checks::violation::{Property, Violation};

/// How many revisions are looked at.
const SAMPLES: usize = 16;

/// What the store was after each revision, as the first machine there had it.
#[derive(Default)]
pub struct Past {
    /// A hash of all keys, from revision 1 on.
    stores: Vec<u64>,
    /// What each revision did, found by comparing the stores.
    changes: Vec<Vec<KeyChange>>,
    newest: Vec<KeyValue>,
}

impl Past {
    /// Takes note of what a machine has just executed.
    pub fn note(&mut self, machine: &KvMachine) {
        if machine.revision() == self.stores.len() as i64 + 1
            && let Ok(reader) = machine.at(0)
        {
            let now = all(&reader);
            self.stores.push(hash(&reader, &now));
            self.changes.push(differences(&self.newest, &now, machine.revision()));
            self.newest = now;
        }
    }

    /// The newest revision.
    pub fn newest(&self) -> i64 {
        self.stores.len() as i64
    }

    /// What the revisions after `from` up to `to` did to the keys of a range.
    pub fn between(&self, from: i64, to: i64, range: &KeyRange, previous: bool) -> Vec<KeyChange> {
        let revisions = self.changes.get(from as usize..to as usize).unwrap_or_default();
        let within = revisions.iter().flatten().filter(|change| range.contains(&change.now.key));
        let told = |change: &KeyChange| {
            let before = change.before.clone().filter(|_| previous);
            KeyChange { before, ..change.clone() }
        };
        within.map(told).collect()
    }

    /// Compares what a machine says of the revisions that it keeps: of a sample, where there are many.
    pub fn check(&self, name: &str, machine: &KvMachine) -> Result<(), Violation> {
        let oldest = machine.oldest_revision().max(1);
        let step = (machine.revision() - oldest) as usize / SAMPLES + 1;
        for revision in (oldest..=machine.revision()).step_by(step) {
            let told = machine.at(revision).map(|reader| hash(&reader, &all(&reader)));
            if told.as_ref().ok() != self.stores.get(revision as usize - 1) {
                let newest = machine.revision();
                let explanation =
                    format!("{name}, at revision {newest}, tells revision {revision} wrong");
                return Err(Violation { property: Property::HistoryHolds, explanation });
            }
        }
        Ok(())
    }
}

fn all(reader: &Reader) -> Vec<KeyValue> {
    let listing = Listing {
        range: KeyRange::all(),
        order: Order::Ascending,
        after: None,
        limit: usize::MAX,
        bytes: usize::MAX,
        keys_only: false,
    };
    reader.list(&listing).keys
}

/// Of all keys, found in both ways that there are.
fn hash(reader: &Reader, all: &[KeyValue]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for kv in all {
        kv.hash(&mut hasher);
        reader.get(&kv.key).hash(&mut hasher);
    }
    hasher.finish()
}

/// What made one store of the other, both ordered by key.
fn differences(before: &[KeyValue], after: &[KeyValue], revision: i64) -> Vec<KeyChange> {
    let (mut before, mut after) = (before.iter().peekable(), after.iter().peekable());
    let mut found = Vec::new();
    loop {
        let (was, is) = match (before.peek(), after.peek()) {
            (None, None) => return found,
            (Some(was), Some(is)) if was.key == is.key => (before.next(), after.next()),
            (Some(was), Some(is)) if was.key > is.key => (None, after.next()),
            (None, Some(_)) => (None, after.next()),
            (Some(_), _) => (before.next(), None),
        };
        if was == is {
            continue;
        }
        let key = was.or(is).map(|kv| kv.key.clone()).unwrap_or_default();
        let gone = KeyValue { key, mod_revision: revision, ..KeyValue::default() };
        found.push(KeyChange {
            now: is.cloned().unwrap_or(gone),
            deleted: is.is_none(),
            before: was.cloned(),
        });
    }
}
