//! Reading the store as it stood at one revision.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::iter::Peekable;

use bytes::Bytes;
use understudy_evidence::correct;

use super::key::Key;
use super::record::Record;
use super::state::State;
use crate::{KeyRange, KeyValue, Page};

/// The store as it stood at one revision. It shares memory with the machine, which goes on: long
/// reads hold up nobody.
#[derive(Clone, Debug)]
pub struct Reader {
    state: State,
    revision: i64,
}

/// In which order keys are listed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Order {
    /// By key.
    #[default]
    Ascending,
    /// By key, the last one first.
    Descending,
    /// By the revision of their newest version, the newest first; keys of one revision ascending.
    Newest,
}

/// Which keys to list, and how.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Listing {
    /// From which keys.
    pub range: KeyRange,
    /// In which order.
    pub order: Order,
    /// Only what comes after this key, as it stood at the same revision.
    pub after: Option<Mark>,
    /// At most this many keys.
    pub limit: usize,
    /// And no more than make up this many encoded bytes, but always one if `limit` is not 0.
    pub bytes: usize,
    /// Without values.
    pub keys_only: bool,
}

/// Where a listing got to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Mark {
    /// The last key.
    pub key: Bytes,
    /// The revision of its version.
    pub mod_revision: i64,
}

impl Reader {
    pub(crate) fn new(state: State, revision: i64) -> Self {
        Reader { state, revision }
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Which revision it shows.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// The running digest as of that revision, 0 for none: what tells it from one of the same number on a
    /// tail that was cut. `None` if it is not known any more.
    pub fn mark(&self) -> Option<u64> {
        self.state.history.changes().mark(self.revision)
    }

    /// One key.
    pub fn get(&self, key: &[u8]) -> Option<KeyValue> {
        match self.state.history.version(key, self.revision) {
            Some(None) => correct!(None, "told-before-it-was" => self.state.keyspace.get(key)),
            Some(old) => old.map(|record| record.with_bytes(Bytes::copy_from_slice(key))),
            None => self.state.keyspace.get(key),
        }
    }

    /// How many keys a range holds. Takes time with their number.
    pub fn count(&self, range: &KeyRange) -> u64 {
        self.walk(range, false).count() as u64
    }

    /// Lists keys. By [`Order::Newest`] it takes time with the number of keys in the range, else with those
    /// listed.
    pub fn list(&self, listing: &Listing) -> Page {
        let Listing { order, limit, .. } = *listing;
        match order {
            Order::Newest => {
                // One more than wanted, to know whether there is more.
                let newest = self.newest(listing, limit.saturating_add(1));
                page(listing, newest.into_iter())
            }
            _ => {
                let back = order == Order::Descending;
                let range = match &listing.after {
                    None => listing.range.clone(),
                    Some(mark) if back => listing.range.before(&mark.key),
                    Some(mark) => listing.range.after(&mark.key),
                };
                page(listing, self.walk(&range, back))
            }
        }
    }

    /// The first `most` keys by [`Order::Newest`].
    fn newest(&self, listing: &Listing, most: usize) -> Vec<(&Key, &Record)> {
        let mut first: BinaryHeap<(std::cmp::Reverse<i64>, &Key, ByPlace<'_>)> = BinaryHeap::new();
        for (key, record) in self.walk(&listing.range, false) {
            let place = (std::cmp::Reverse(record.mod_revision), key.as_slice());
            let seen = listing
                .after
                .as_ref()
                .is_some_and(|mark| place <= (std::cmp::Reverse(mark.mod_revision), &mark.key[..]));
            if seen {
                continue;
            }
            first.push((place.0, key, ByPlace(record)));
            if first.len() > most {
                first.pop();
            }
        }
        first.into_sorted_vec().into_iter().map(|(_, key, ByPlace(record))| (key, record)).collect()
    }

    /// The keys of a range as they stood, in order or in the opposite one.
    pub(super) fn walk<'a>(
        &'a self,
        range: &KeyRange,
        back: bool,
    ) -> impl Iterator<Item = (&'a Key, &'a Record)> {
        let state = &self.state;
        Merged {
            now: state.keyspace.walk(range, back).peekable(),
            then: state.history.versions(range, self.revision, back).peekable(),
            back,
        }
    }
}

/// A record that does not count in comparisons: what stands before it never ties.
struct ByPlace<'a>(&'a Record);

impl PartialEq for ByPlace<'_> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for ByPlace<'_> {}
impl PartialOrd for ByPlace<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for ByPlace<'_> {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

/// The newest keys, but those changed since as they were.
struct Merged<N: Iterator, T: Iterator> {
    now: Peekable<N>,
    then: Peekable<T>,
    back: bool,
}

impl<'a, N, T> Iterator for Merged<N, T>
where
    N: Iterator<Item = (&'a Key, &'a Record)>,
    T: Iterator<Item = (&'a Key, Option<&'a Record>)>,
{
    type Item = (&'a Key, &'a Record);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let order = match (self.now.peek(), self.then.peek()) {
                (Some((now, _)), Some((then, _))) if self.back => then.cmp(now),
                (Some((now, _)), Some((then, _))) => now.cmp(then),
                (_, None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            if order == Ordering::Less {
                return self.now.next();
            }
            if order == Ordering::Equal {
                self.now.next();
            }
            if let Some((key, Some(record))) = self.then.next() {
                return Some((key, record));
            }
        }
    }
}

fn page<'a>(listing: &Listing, keys: impl Iterator<Item = (&'a Key, &'a Record)>) -> Page {
    Page::first(keys, listing.limit, listing.bytes, listing.keys_only)
}
