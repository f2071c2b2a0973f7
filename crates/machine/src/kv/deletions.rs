//! The deletions that history has forgotten.

use std::ops::Bound;

use imbl::{OrdMap, OrdSet};

use super::key::Key;
use super::memory;
use crate::KeyRange;

/// How many are remembered at most.
const MOST: usize = 100_000;
/// Bytes that they may take at most.
const MOST_BYTES: u64 = 16 << 20;
/// What one takes beside its key, about: it stands in two maps.
const OVERHEAD: u64 = 128;

/// When keys that are not there were deleted, of the deletions whose changes are not kept any more.
///
/// A key that is there tells by its own revision whether it was changed since some moment. One that is gone
/// tells nothing: this does, so that a watch whose next changes are forgotten can still be shown to have missed
/// none. Bounded: beyond it the oldest are dropped, and nothing is known of what is older than those.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deletions {
    keys: OrdMap<Key, i64>,
    /// The same, oldest first.
    oldest: OrdSet<(i64, Key)>,
    bytes: u64,
    /// All that were after this revision are here, if they are forgotten and the key was not made again.
    since: i64,
}

impl Deletions {
    /// Nothing is known of deletions up to `since`.
    pub fn since(since: i64) -> Self {
        Deletions { since, ..Deletions::default() }
    }

    /// The revision after which all are known.
    pub fn known_since(&self) -> i64 {
        self.since
    }

    pub fn len(&self) -> u64 {
        self.keys.len() as u64
    }

    /// Bytes of memory that they take, about.
    pub fn memory(&self) -> u64 {
        memory::of_deletions(self.len(), self.bytes - self.len() * OVERHEAD)
    }

    /// All, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, i64)> {
        self.keys.iter().map(|(key, revision)| (key, *revision))
    }

    /// History forgets that a key was deleted.
    pub fn add(&mut self, key: &Key, revision: i64) {
        self.remove(key);
        self.bytes += weight(key);
        self.keys.insert(key.clone(), revision);
        self.oldest.insert((revision, key.clone()));
        self.trim(MOST, MOST_BYTES);
    }

    /// History forgets that a key was made: from here on the key itself tells of its changes.
    pub fn remove(&mut self, key: &Key) {
        if let Some(revision) = self.keys.remove(key) {
            self.bytes -= weight(key);
            self.oldest.remove(&(revision, key.clone()));
        }
    }

    fn trim(&mut self, most: usize, bytes: u64) {
        while self.keys.len() > most || self.bytes > bytes {
            let Some((revision, key)) = self.oldest.remove_min() else { return };
            self.bytes -= weight(&key);
            self.keys.remove(&key);
            self.since = revision;
        }
    }

    /// The revisions of those in a range, by key.
    pub fn within<'a>(&'a self, range: &KeyRange) -> impl Iterator<Item = i64> + 'a {
        let within = range.bounds().map(|(start, end)| {
            let key = |bytes: &[u8]| Key::new(bytes::Bytes::copy_from_slice(bytes));
            self.keys.range::<(Bound<Key>, Bound<Key>), Key>((start.map(key), end.map(key)))
        });
        within.into_iter().flatten().map(|(_, revision)| *revision)
    }
}

fn weight(key: &Key) -> u64 {
    key.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::new(bytes::Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn the_oldest_go_first_and_what_is_known_begins_after_them() {
        let mut deletions = Deletions::default();
        for (revision, name) in [(1, "b"), (4, "a"), (5, "c"), (9, "b")] {
            deletions.add(&key(name), revision);
        }
        let within = |deletions: &Deletions, range| deletions.within(&range).collect::<Vec<_>>();
        assert_eq!(within(&deletions, KeyRange::all()), [4, 9, 5]);
        assert_eq!(within(&deletions, KeyRange::single("b")), [9]);
        assert_eq!((deletions.known_since(), deletions.len()), (0, 3));
        deletions.trim(2, u64::MAX);
        assert_eq!(within(&deletions, KeyRange::all()), [9, 5]);
        assert_eq!(deletions.known_since(), 4);
        deletions.trim(9, weight(&key("b")));
        assert_eq!((within(&deletions, KeyRange::all()), deletions.known_since()), (vec![9], 5));
        deletions.remove(&key("b"));
        assert_eq!((deletions.len(), deletions.bytes, deletions.oldest.len()), (0, 0, 0));
        assert_eq!(deletions.known_since(), 5, "a key that was made again tells for itself");
    }

    #[test]
    fn there_are_never_more_than_their_bound() {
        let mut deletions = Deletions::default();
        for revision in 1..=MOST as i64 + 10 {
            deletions.add(&key(&revision.to_string()), revision);
        }
        assert_eq!((deletions.len(), deletions.known_since()), (MOST as u64, 10));
    }
}
