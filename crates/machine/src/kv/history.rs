//! What the store was before: the changes of its newest revisions.

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use understudy_evidence::mutant;

use super::change::Change;
use super::key::Key;
use super::quota::Quota;
use super::record::Record;
use crate::KeyRange;

/// What a change costs in memory beside its key and value, about.
const OVERHEAD: u64 = 256;
/// How many changes one input forgets at most.
const WORK: usize = 4096;

/// Every change of the newest revisions, in order: from them the store can be read as it stood at
/// any revision from [`History::floor`] on, and a watch can tell what happened since.
///
/// An old state is the newest one with the changes since taken back. So a version is kept once,
/// by the change that ended it, and a key that nobody changes costs nothing here.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// One for each revision behind `forgotten`, oldest first.
    revisions: Vector<Revision>,
    /// What a key was before the revision that changed it.
    before: OrdMap<(Key, i64), Option<Record>>,
    /// The newest revision whose changes are not here any more.
    forgotten: i64,
    /// The oldest revision that may be read; what is older and still here goes bit by bit.
    floor: i64,
    /// The mark of `forgotten`.
    mark: u64,
    bytes: u64,
}

/// What one revision did.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    /// By key.
    pub changes: Arc<[Change]>,
    /// The running digest behind it: tells it from a revision of the same number on a tail of the
    /// log that was cut.
    pub mark: u64,
}

impl Revision {
    fn weight(&self) -> u64 {
        self.changes.iter().map(weight).sum()
    }
}

impl History {
    /// Nothing but the knowledge that there were revisions up to `forgotten`, and its mark.
    pub fn behind(forgotten: i64, mark: u64) -> Self {
        History { forgotten, floor: forgotten, mark, ..History::default() }
    }

    /// The oldest revision at which the store can be read.
    pub fn floor(&self) -> i64 {
        self.floor
    }

    pub fn forgotten(&self) -> i64 {
        self.forgotten
    }

    /// The newest revision.
    pub fn newest(&self) -> i64 {
        self.forgotten + self.revisions.len() as i64
    }

    /// How many revisions' changes are here.
    pub fn kept(&self) -> u64 {
        self.revisions.len() as u64
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn revisions(&self) -> impl Iterator<Item = &Revision> {
        self.revisions.iter()
    }

    /// What a revision did; `None` if that is not known (any more).
    pub fn revision(&self, revision: i64) -> Option<&Revision> {
        let place = revision.checked_sub(self.forgotten + 1)?;
        self.revisions.get(usize::try_from(place).ok()?)
    }

    /// The running digest behind a revision; `None` if that is not known (any more).
    pub fn mark(&self, revision: i64) -> Option<u64> {
        match revision == self.forgotten {
            true => Some(self.mark),
            false => self.revision(revision).map(|one| one.mark),
        }
    }

    /// Adds what the next revision did, in any order. Leaves `changes` its room.
    pub fn push(&mut self, changes: &mut Vec<Change>, mark: u64) {
        changes.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let revision = self.newest() + 1;
        for change in changes.iter() {
            if change.after.is_none() && mutant!("deletes-not-kept") {
                continue;
            }
            self.before.insert((change.key.clone(), revision), change.before.clone());
        }
        let revision = Revision { changes: changes.drain(..).collect(), mark };
        self.bytes += revision.weight();
        self.revisions.push_back(revision);
    }

    /// Lets nobody read what is older than `floor`.
    pub fn compact(&mut self, floor: i64) {
        self.floor = self.floor.max(floor);
    }

    /// Whether something is to be forgotten.
    pub fn is_too_long(&self, quota: &Quota) -> bool {
        self.forgotten < self.floor
            || self.kept() > quota.max_history_revisions
            || self.bytes > quota.max_history_bytes
    }

    /// Forgets the oldest revisions as far as wanted, and as much as one input may do.
    pub fn trim(&mut self, quota: &Quota) {
        let mut work = 0;
        while work < WORK && self.is_too_long(quota) {
            let Some(oldest) = self.revisions.pop_front() else { return };
            self.forgotten += 1;
            self.floor = self.floor.max(self.forgotten);
            self.mark = oldest.mark;
            self.bytes -= oldest.weight();
            work += oldest.changes.len();
            for change in oldest.changes.iter() {
                self.before.remove(&(change.key.clone(), self.forgotten));
            }
        }
    }

    /// What the key was at `revision`, if it was changed since.
    pub fn version(&self, key: &[u8], revision: i64) -> Option<Option<&Record>> {
        if revision == self.newest() {
            return None;
        }
        let key = Key::new(bytes::Bytes::copy_from_slice(key));
        let first = if mutant!("own-change-taken-back") { revision } else { revision + 1 };
        let ((found, _), before) = self.before.range((key.clone(), first)..).next()?;
        (*found == key).then_some(before.as_ref())
    }

    /// What the keys of a range were at `revision`, of those that were changed since, in order or,
    /// if `back`, in the opposite order.
    pub fn versions<'a>(
        &'a self,
        range: &KeyRange,
        revision: i64,
        back: bool,
    ) -> Box<dyn Iterator<Item = (&'a Key, Option<&'a Record>)> + 'a> {
        let Some(bounds) = range.bounds().filter(|_| revision < self.newest()) else {
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
        let since = move |((_, changed), _): &(&(Key, i64), &Option<Record>)| *changed > revision;
        let all = self.before.range(within);
        if back {
            Box::new(OldestOfEach { all: all.rev().filter(since).peekable(), last: true })
        } else {
            Box::new(OldestOfEach { all: all.filter(since).peekable(), last: false })
        }
    }
}

/// Of each key's changes the oldest: the first of a run of the same key, or the last.
struct OldestOfEach<I: Iterator> {
    all: std::iter::Peekable<I>,
    last: bool,
}

impl<'a, I: Iterator<Item = (&'a (Key, i64), &'a Option<Record>)>> Iterator for OldestOfEach<I> {
    type Item = (&'a Key, Option<&'a Record>);

    fn next(&mut self) -> Option<Self::Item> {
        let ((key, _), mut oldest) = self.all.next()?;
        while let Some((_, before)) = self.all.next_if(|((next, _), _)| next == key) {
            if self.last != mutant!("newest-old-version") {
                oldest = before;
            }
        }
        Some((key, oldest.as_ref()))
    }
}

/// What is kept for a change's sake: the version that it ended. The one that it made is the newest, or
/// the next change's.
fn weight(change: &Change) -> u64 {
    let value = change.before.as_ref().map_or(0, |before| before.value.len() as u64);
    change.key.len() + value + OVERHEAD
}
