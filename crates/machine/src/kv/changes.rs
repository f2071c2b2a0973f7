//! What the newest revisions did.

use std::sync::Arc;

use imbl::Vector;

use super::change::Change;

/// Every change of the newest revisions, in order. A clone is O(1) and stands still: whoever follows
/// the store reads it while the machine goes on.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// One for each revision behind `forgotten`, oldest first.
    revisions: Vector<Revision>,
    /// The newest revision whose changes are not here any more.
    forgotten: i64,
    /// The oldest revision that may be read; what is older and still here goes bit by bit.
    floor: i64,
    /// The mark of `forgotten`.
    mark: u64,
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

impl Changes {
    /// Nothing but the knowledge that there were revisions up to `forgotten`, and its mark.
    pub(crate) fn behind(forgotten: i64, mark: u64) -> Self {
        Changes { forgotten, floor: forgotten, mark, ..Changes::default() }
    }

    /// The oldest revision at which the store can be read: the changes of all behind it are here.
    pub fn floor(&self) -> i64 {
        self.floor
    }

    /// The newest revision; 0 before the first.
    pub fn newest(&self) -> i64 {
        self.forgotten + self.revisions.len() as i64
    }

    /// The running digest behind a revision, 0 behind none; `None` if that is not known (any more).
    pub fn mark(&self, revision: i64) -> Option<u64> {
        match revision == self.forgotten {
            true => Some(self.mark),
            false => self.revision(revision).map(|one| one.mark),
        }
    }

    /// The keys that a revision changed, in order; `None` if that is not known (any more).
    pub fn keys(&self, revision: i64) -> Option<impl Iterator<Item = &[u8]>> {
        Some(self.revision(revision)?.changes.iter().map(|change| change.key.as_slice()))
    }

    pub(crate) fn forgotten(&self) -> i64 {
        self.forgotten
    }

    /// How many revisions' changes are here.
    pub(crate) fn kept(&self) -> u64 {
        self.revisions.len() as u64
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Revision> {
        self.revisions.iter()
    }

    pub(crate) fn revision(&self, revision: i64) -> Option<&Revision> {
        let place = revision.checked_sub(self.forgotten + 1)?;
        self.revisions.get(usize::try_from(place).ok()?)
    }

    /// Adds what the next revision did.
    pub(crate) fn push(&mut self, revision: Revision) {
        self.revisions.push_back(revision);
    }

    /// Lets nobody read what is older than `floor`.
    pub(crate) fn compact(&mut self, floor: i64) {
        self.floor = self.floor.max(floor);
    }

    /// Forgets the oldest revision and gives what it did.
    pub(crate) fn forget(&mut self) -> Option<Revision> {
        let oldest = self.revisions.pop_front()?;
        self.forgotten += 1;
        self.floor = self.floor.max(self.forgotten);
        self.mark = oldest.mark;
        Some(oldest)
    }
}
