//! The store as it stood before: every machine must be able to tell it, whatever it went through.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use understudy_machine::{KeyRange, KvMachine, Listing, Order, Reader};

use crate::violation::{Property, Violation};

/// How many revisions are looked at.
const SAMPLES: usize = 16;

/// What the store was behind each revision, as the first machine there had it.
#[derive(Default)]
pub struct Past {
    /// A hash of all keys, from revision 1 on.
    stores: Vec<u64>,
}

impl Past {
    /// Takes note of what a machine has just executed.
    pub fn note(&mut self, machine: &KvMachine) {
        if machine.revision() == self.stores.len() as i64 + 1
            && let Ok(newest) = machine.at(0)
        {
            self.stores.push(hash(&newest));
        }
    }

    /// Compares what a machine tells of the revisions that it keeps, of many of them at most so many.
    pub fn check(&self, name: &str, machine: &KvMachine) -> Result<(), Violation> {
        let oldest = machine.oldest_revision().max(1);
        let step = (machine.revision() - oldest) as usize / SAMPLES + 1;
        for revision in (oldest..=machine.revision()).step_by(step) {
            let told = machine.at(revision).map(|reader| hash(&reader));
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

/// Of all keys, found in both ways that there are.
fn hash(reader: &Reader) -> u64 {
    let listing = Listing {
        range: KeyRange::all(),
        order: Order::Descending,
        behind: None,
        limit: usize::MAX,
        bytes: usize::MAX,
        keys_only: false,
    };
    let mut hasher = DefaultHasher::new();
    for kv in reader.list(&listing).keys {
        kv.hash(&mut hasher);
        reader.get(&kv.key).hash(&mut hasher);
    }
    hasher.finish()
}
