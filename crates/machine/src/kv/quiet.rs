//! Whether a range is unchanged since a revision whose successors are forgotten.

use understudy_evidence::correct;

use super::changes::Changes;
use super::reader::Reader;
use super::watch::Passed;
use crate::KeyRange;

/// Keys, kept changes and forgotten deletions that one search looks at together, at most: some tenths of a second.
const SEARCH: usize = 1 << 20;

impl Reader {
    /// What the newest revisions did, as of the newest one that the machine had then.
    pub fn changes(&self) -> &Changes {
        self.state().history.changes()
    }

    /// The last revision up to which nothing changed in `range` since `since`, when the changes after that are not
    /// kept any more: a key that is there knows when it was changed, and of those that are gone it is known
    /// when they were deleted. Takes time with what the range holds.
    ///
    /// # Errors
    /// [`Passed`] if something was changed of which history has forgotten what it was, or may have been.
    pub(super) fn quiet_through(&self, range: &KeyRange, since: i64) -> Result<i64, Passed> {
        let history = &self.state().history;
        let (floor, newest) = (history.changes().floor(), history.changes().newest());
        let forgotten = since < history.deletions().known_since();
        if correct!(forgotten, "quiet-watch-passed" => true) {
            return Err(Passed);
        }
        let then = Reader::new(self.state().clone(), floor);
        let made = then.walk(range, false).map(|(_, record)| record.mod_revision);
        let deleted = history.deletions().within(range);
        let mut changed = made.chain(deleted).chain(history.changed(range));
        let mut quiet = newest;
        for revision in changed.by_ref().take(SEARCH) {
            if since < revision && revision <= floor {
                return Err(Passed);
            }
            if revision > floor {
                quiet = quiet.min(revision - 1);
            }
        }
        // What was not looked at may have changed.
        if changed.next().is_some() { Err(Passed) } else { Ok(quiet) }
    }
}
