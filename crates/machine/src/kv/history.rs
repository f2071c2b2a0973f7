//! What the store was before: the changes of its newest revisions.

use std::ops::Bound;

use imbl::OrdSet;
use understudy_evidence::correct;

use super::change::Change;
use super::changes::{Changes, Revision, Term};
use super::deletions::Deletions;
use super::key::Key;
use super::memory;
use super::quota::{MAX_REVISIONS, Quota};
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
    /// The deletions among the changes that are forgotten.
    deletions: Deletions,
}

impl History {
    /// Nothing but the knowledge that there were revisions up to `forgotten`, its mark, and what is known of
    /// deletions up to it.
    pub fn after(forgotten: i64, mark: u64, deletions: Deletions) -> Self {
        History { changes: Changes::after(forgotten, mark), deletions, ..History::default() }
    }

    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes of memory that its changes take, about.
    pub fn memory(&self) -> u64 {
        let count = self.places.len() as u64;
        memory::of_changes(count, self.bytes.saturating_sub(count * OVERHEAD))
    }

    pub fn deletions(&self) -> &Deletions {
        &self.deletions
    }

    /// A primary begins to act.
    pub fn begin_term(&mut self, mark: u64) {
        self.changes.begin_term(mark);
    }

    /// Adds a term that began before.
    pub fn push_term(&mut self, term: Term) {
        self.changes.push_term(term);
    }

    /// Adds what the next revision did, in any order. Leaves `changes` its room.
    pub fn push(&mut self, changes: &mut Vec<Change>, mark: u64, elapsed: u64) {
        changes.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let revision = self.changes.newest() + 1;
        for change in changes.iter() {
            if correct!(true, "deletes-not-kept" => change.after.is_some()) {
                self.places.insert((change.key.clone(), revision));
            }
        }
        let revision = Revision { changes: changes.drain(..).collect(), mark, elapsed };
        self.bytes += weight(&revision);
        self.changes.push(revision);
    }

    /// Adds a deletion that was forgotten before.
    pub fn remember(&mut self, key: &Key, revision: i64) {
        self.deletions.add(key, revision);
    }

    /// Lets nobody read what is older than `floor`.
    pub fn compact(&mut self, floor: i64) {
        self.changes.compact(floor);
    }

    /// Whether something is to be forgotten at this logged elapsed time, where there is so much memory for it.
    pub fn is_too_long(&self, quota: &Quota, now: u64, memory: u64) -> bool {
        let kept = self.changes.kept();
        let is_old =
            |oldest: &Revision| now.saturating_sub(oldest.elapsed) >= quota.min_history_age;
        self.changes.forgotten() < self.changes.floor()
            || self.bytes > quota.max_history_bytes
            || self.memory() > memory
            || kept > MAX_REVISIONS
            || kept > quota.max_history_revisions && self.changes.oldest().is_some_and(is_old)
    }

    /// Forgets the oldest revisions as far as wanted, and as much as one input may do.
    pub fn trim(&mut self, quota: &Quota, now: u64, memory: u64) {
        let mut work = 0;
        while work < WORK && self.is_too_long(quota, now, memory) {
            let Some(oldest) = self.changes.forget() else { return };
            self.bytes -= weight(&oldest);
            work += oldest.changes.len();
            let revision = self.changes.forgotten();
            for Change { key, before, after } in oldest.changes.iter() {
                match (before, after) {
                    (_, None) => correct!(
                        self.deletions.add(key, revision),
                        "deletions-not-remembered" => {},
                    ),
                    (None, Some(_)) => self.deletions.remove(key),
                    // It was there all along, so none is remembered.
                    (Some(_), Some(_)) => {}
                }
                self.places.remove(&(key.clone(), revision));
            }
        }
    }

    /// What the key was at `revision`, if it was changed since.
    pub fn version(&self, key: &[u8], revision: i64) -> Option<Option<&Record>> {
        if revision == self.changes.newest() {
            return None;
        }
        let key = Key::new(bytes::Bytes::copy_from_slice(key));
        let first = correct!(revision + 1, "own-change-taken-back" => revision);
        let (found, changed) = self.places.range((key.clone(), first)..).next()?;
        (*found == key).then(|| self.before(found, *changed))
    }

    /// What a key was before a revision that changed it.
    fn before(&self, key: &Key, changed: i64) -> Option<&Record> {
        let changes = &self.changes.revision(changed)?.changes;
        let place = changes.binary_search_by(|change| change.key.cmp(key)).ok()?;
        changes[place].before.as_ref()
    }

    /// The revisions that are kept and changed keys of a range, by key.
    pub fn changed<'a>(&'a self, range: &KeyRange) -> impl Iterator<Item = i64> + 'a {
        places_of(range)
            .into_iter()
            .flat_map(|within| self.places.range(within))
            .map(|(_, changed)| *changed)
    }

    /// What the keys of a range were at `revision`, of those that were changed since, in order or,
    /// if `back`, in the opposite order.
    pub fn versions<'a>(
        &'a self,
        range: &KeyRange,
        revision: i64,
        back: bool,
    ) -> Box<dyn Iterator<Item = (&'a Key, Option<&'a Record>)> + 'a> {
        let Some(within) = places_of(range).filter(|_| revision < self.changes.newest()) else {
            return Box::new(std::iter::empty());
        };
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

type Place = (Key, i64);

/// Where the changes of a range's keys stand.
fn places_of(range: &KeyRange) -> Option<(Bound<Place>, Bound<Place>)> {
    let (start, end) = range.bounds()?;
    let place = |key: &[u8], revision| (Key::new(bytes::Bytes::copy_from_slice(key)), revision);
    let end = match end {
        Bound::Included(key) => Bound::Included(place(key, i64::MAX)),
        // Revisions are positive: nothing of the key itself lies below this.
        Bound::Excluded(key) => Bound::Excluded(place(key, 0)),
        Bound::Unbounded => Bound::Unbounded,
    };
    Some((start.map(|key| place(key, 0)), end))
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
            if correct!(self.last, "newest-old-version" => !self.last) {
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
