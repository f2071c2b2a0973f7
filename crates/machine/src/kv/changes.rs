//! What the newest revisions did.

use std::sync::Arc;

use imbl::Vector;

use super::change::Change;

/// How many terms are known at most.
const TERMS: usize = 1_000;

/// Every change of the newest revisions, in order. A clone is O(1) and stands still: a reader that follows
/// the store reads it while the machine goes on.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// One for each revision after `forgotten`, oldest first.
    revisions: Vector<Revision>,
    /// The newest revision whose changes are not here any more.
    forgotten: i64,
    /// The oldest revision that may be read; what is older and still here is dropped gradually.
    floor: i64,
    /// The mark of `forgotten`.
    mark: u64,
    /// The newest terms, oldest first.
    terms: Vector<Term>,
}

/// A time in which one primary acted: what it told anybody of is in every later log up to where the next
/// one began, and no further.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Term {
    /// The running digest after the entry that opened it.
    pub mark: u64,
    /// The newest revision then.
    pub revision: i64,
}

/// What one revision did.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    /// By key.
    pub changes: Arc<[Change]>,
    /// The running digest as of it: tells it from a revision of the same number on a tail of the
    /// log that was cut.
    pub mark: u64,
    /// Logged elapsed time at which it was made.
    pub elapsed: u64,
}

impl Changes {
    /// Nothing but the knowledge that there were revisions up to `forgotten`, and its mark.
    pub(crate) fn after(forgotten: i64, mark: u64) -> Self {
        Changes { forgotten, floor: forgotten, mark, ..Changes::default() }
    }

    /// The oldest revision at which the store can be read: the changes of all after it are here.
    pub fn floor(&self) -> i64 {
        self.floor
    }

    /// The newest revision; 0 before the first.
    pub fn newest(&self) -> i64 {
        self.forgotten + self.revisions.len() as i64
    }

    /// The running digest as of a revision, 0 for none; `None` if that is not known (any more).
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

    /// The term of now; 0 before the first. Its revisions and those before are part of every later log, as
    /// far as [`Changes::holds`] tells.
    pub fn term(&self) -> u64 {
        self.terms.last().map_or(0, |term| term.mark)
    }

    /// Whether the revision that a client was told about in a term is part of this log, also where its mark is
    /// not known any more; `None` if the term is not known (any more).
    pub fn holds(&self, term: u64, revision: i64) -> Option<bool> {
        let place = self.terms.iter().rposition(|known| known.mark == term)?;
        let end = self.terms.get(place + 1).map_or(self.newest(), |next| next.revision);
        Some(revision <= end)
    }

    /// A primary begins to act.
    pub(crate) fn begin_term(&mut self, mark: u64) {
        self.push_term(Term { mark, revision: self.newest() });
    }

    pub(crate) fn push_term(&mut self, term: Term) {
        self.terms.push_back(term);
        if self.terms.len() > TERMS {
            self.terms.pop_front();
        }
    }

    pub(crate) fn terms(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter()
    }

    pub(crate) fn oldest(&self) -> Option<&Revision> {
        self.revisions.front()
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
