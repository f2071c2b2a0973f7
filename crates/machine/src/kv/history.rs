//! What the store was before: the changes of its newest revisions.

use imbl::OrdSet;
use understudy_evidence::mutant;

use super::change::Change;
use super::changes::{Changes, Revision};
use super::key::Key;
use super::quota::Quota;
use super::record::Record;
use crate::KeyRange;

/// What a change costs in memory beside its key and value, about.
const OVERHEAD: u64 = 256;
/// How many changes one input forgets at most.
const WORK: usize = 4096;

/// The changes of the newest revisions: from them the store can be read as it stood at any revision
/// from [`Changes::floor`] on.
///
/// An old state is the newest one with the changes since taken back. So a version is kept once,
/// by the change that ended it, and a key that nobody changes costs nothing here.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    changes: Changes,
    /// Which revisions changed a key; what it was before stands with the change.
    places: OrdSet<(Key, i64)>,
    bytes: u64,
}

impl History {
    /// Nothing but the knowledge that there were revisions up to `forgotten`, and its mark.
    pub fn behind(forgotten: i64, mark: u64) -> Self {
        History { changes: Changes::behind(forgotten, mark), ..History::default() }
    }

    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds what the next revision did, in any order. Leaves `changes` its room.
    pub fn push(&mut self, changes: &mut Vec<Change>, mark: u64) {
        changes.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let revision = self.changes.newest() + 1;
        for change in changes.iter() {
            if change.after.is_none() && mutant!("deletes-not-kept") {
                continue;
            }
            self.places.insert((change.key.clone(), revision));
        }
        let revision = Revision { changes: changes.drain(..).collect(), mark };
        self.bytes += weight(&revision);
        self.changes.push(revision);
    }

    /// Lets nobody read what is older than `floor`.
    pub fn compact(&mut self, floor: i64) {
        self.changes.compact(floor);
    }

    /// Whether something is to be forgotten.
    pub fn is_too_long(&self, quota: &Quota) -> bool {
        self.changes.forgotten() < self.changes.floor()
            || self.changes.kept() > quota.max_history_revisions
            || self.bytes > quota.max_history_bytes
    }

    /// Forgets the oldest revisions as far as wanted, and as much as one input may do.
    pub fn trim(&mut self, quota: &Quota) {
        let mut work = 0;
        while work < WORK && self.is_too_long(quota) {
            let Some(oldest) = self.changes.forget() else { return };
            self.bytes -= weight(&oldest);
            work += oldest.changes.len();
            for change in oldest.changes.iter() {
                self.places.remove(&(change.key.clone(), self.changes.forgotten()));
            }
        }
    }

    /// What the key was at `revision`, if it was changed since.
    pub fn version(&self, key: &[u8], revision: i64) -> Option<Option<&Record>> {
        if revision == self.changes.newest() {
            return None;
        }
        let key = Key::new(bytes::Bytes::copy_from_slice(key));
        let first = if mutant!("own-change-taken-back") { revision } else { revision + 1 };
        let (found, changed) = self.places.range((key.clone(), first)..).next()?;
        (*found == key).then(|| self.before(found, *changed))
    }

    /// What a key was before a revision that changed it.
    fn before(&self, key: &Key, changed: i64) -> Option<&Record> {
        let changes = &self.changes.revision(changed)?.changes;
        let place = changes.binary_search_by(|change| change.key.cmp(key)).ok()?;
        changes[place].before.as_ref()
    }

    /// What the keys of a range were at `revision`, of those that were changed since, in order or,
    /// if `back`, in the opposite order.
    pub fn versions<'a>(
        &'a self,
        range: &KeyRange,
        revision: i64,
        back: bool,
    ) -> Box<dyn Iterator<Item = (&'a Key, Option<&'a Record>)> + 'a> {
        let Some(bounds) = range.bounds().filter(|_| revision < self.changes.newest()) else {
            return Box::new(std::iter::empty());
        };
        let place = |key: &[u8], revision| (Key::new(bytes::Bytes::copy_from_slice(key)), revision);
        let within = (
            bounds.0.map(|key| place(key, 0)),
            match bounds.1 {
                std::ops::Bound::Included(key) => std::ops::Bound::Included(place(key, i64::MAX)),
                // Revisions are positive: nothing of the key itself lies below this.
                std::ops::Bound::Excluded(key) => std::ops::Bound::Excluded(place(key, 0)),
                std::ops::Bound::Unbounded => std::ops::Bound::Unbounded,
            },
        );
        let since = move |(_, changed): &&(Key, i64)| *changed > revision;
        let all = self.places.range(within);
        let before = |(key, changed): &'a (Key, i64)| (key, self.before(key, *changed));
        if back {
            let all = all.rev().filter(since).peekable();
            Box::new(OldestOfEach { all, last: true }.map(before))
        } else {
            let all = all.filter(since).peekable();
            Box::new(OldestOfEach { all, last: false }.map(before))
        }
    }
}

/// Of each key's changes the oldest: the first of a run of the same key, or the last.
struct OldestOfEach<'a, I: Iterator<Item = &'a (Key, i64)>> {
    all: std::iter::Peekable<I>,
    last: bool,
}

impl<'a, I: Iterator<Item = &'a (Key, i64)>> Iterator for OldestOfEach<'a, I> {
    type Item = &'a (Key, i64);

    fn next(&mut self) -> Option<Self::Item> {
        let mut oldest = self.all.next()?;
        while let Some(next) = self.all.next_if(|(key, _)| *key == oldest.0) {
            if self.last != mutant!("newest-old-version") {
                oldest = next;
            }
        }
        Some(oldest)
    }
}

/// What is kept for a revision's sake: the versions that it ended. Those that it made are the newest, or
/// the next changes'.
fn weight(revision: &Revision) -> u64 {
    let bytes = |change: &Change| {
        let value = change.before.as_ref().map_or(0, |before| before.value.len() as u64);
        change.key.len() + value + OVERHEAD
    };
    revision.changes.iter().map(bytes).sum()
}
