//! Following the changes of a range, revision by revision.

use prost::Message;
use understudy_evidence::correct;

use super::change::Change;
use super::changes::Changes;
use super::record::Record;
use crate::{KeyRange, KeyValue, Reader};

/// Revisions looked at in one go, at most.
const WORK: i64 = 4096;

/// Keys and values of one change, before and after it, at most: with what frames them they fit a message of 4 MiB, which
/// is what clients take.
const LONGEST: usize = (4 << 20) - (1 << 10);

/// Where somebody is who follows a range. It holds no changes, only how far it has come: they are read
/// from [`Changes`], which forget what is too old whether it has been seen or not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watch {
    range: KeyRange,
    /// Whether to tell what a key was before.
    previous: bool,
    /// Everything up to here has been given.
    position: i64,
    /// How many changes of the next revision have been given, of one that comes in parts.
    given: usize,
}

/// What one revision did to one key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyChange {
    /// The key after it; of a deletion only the key and, as `mod_revision`, the revision.
    pub now: KeyValue,
    /// Whether the key is gone.
    pub deleted: bool,
    /// What it was before, if it was there, that was asked for, and both fit one message of a client.
    pub before: Option<KeyValue>,
}

/// Some changes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Batch {
    /// By revision, within a revision by key.
    pub changes: Vec<KeyChange>,
    /// The revision that the last of them belongs to has more.
    pub more: bool,
    /// How long they are, encoded, about.
    pub bytes: usize,
}

/// Changes that a watch wanted are not kept any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passed;

impl Watch {
    /// Follows `range` after revision `position`.
    pub fn after(position: i64, range: KeyRange, previous: bool) -> Self {
        let position = correct!(position, "watch-begins-late" => position + 1);
        Watch { range, previous, position, given: 0 }
    }

    /// Everything up to this revision has been given.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// The revisions up to `revision` hold nothing for it, as the caller has found out.
    pub fn skip(&mut self, revision: i64) {
        debug_assert!(self.given == 0 || revision <= self.position, "in the middle of a revision");
        self.position = self.position.max(revision);
    }

    /// Goes on past what history has forgotten, if nothing in the range was changed by it. Takes time with what the
    /// range holds if its next changes are forgotten, else none.
    ///
    /// # Errors
    /// [`Passed`] if something may have been changed.
    pub fn pass_over(&mut self, reader: &Reader) -> Result<(), Passed> {
        let floor = reader.changes().floor();
        if self.position < floor {
            match reader.quiet_through(&self.range, self.position) {
                Ok(quiet) => self.skip(quiet),
                passed => correct!(
                    return passed.map(|_| ()),
                    "forgotten-changes-skipped" => self.skip(floor),
                ),
            }
        }
        Ok(())
    }

    /// The next changes, of revisions up to `through`: about `bytes` encoded bytes at most, but always
    /// one if there is one. Looks at a bounded number of revisions: [`Watch::position`] tells how far.
    ///
    /// # Errors
    /// [`Passed`] if the next revision is not kept.
    pub fn next(&mut self, changes: &Changes, through: i64, bytes: usize) -> Result<Batch, Passed> {
        self.gather(changes, through, bytes, true)
    }

    /// The same, but none where the first of them has more than `bytes` bytes.
    ///
    /// # Errors
    /// As [`Watch::next`].
    pub fn next_within(
        &mut self,
        changes: &Changes,
        through: i64,
        bytes: usize,
    ) -> Result<Batch, Passed> {
        self.gather(changes, through, bytes, false)
    }

    fn gather(
        &mut self,
        changes: &Changes,
        through: i64,
        bytes: usize,
        one_at_least: bool,
    ) -> Result<Batch, Passed> {
        let mut batch = Batch::default();
        let last = through.min(self.position.saturating_add(WORK));
        while self.position < last {
            let next = self.position + 1;
            if next <= changes.floor() {
                return Err(Passed);
            }
            let Some(revision) = changes.revision(next) else { break };
            let mut begun = self.given > 0;
            for change in &revision.changes[self.given..] {
                let told = correct!(true, "deletions-untold" => change.after.is_some());
                if told && self.range.contains(change.key.as_slice()) {
                    let change = self.told(change, next);
                    let length = change.encoded_len();
                    let may_wait = !batch.changes.is_empty() || !one_at_least;
                    if batch.bytes + length > bytes && may_wait {
                        batch.more = begun;
                        if !begun {
                            self.given = 0;
                        }
                        correct!(
                            {},
                            "rest-of-a-revision-lost" =>
                                (self.position, self.given, batch.more) = (next, 0, false),
                        );
                        return Ok(batch);
                    }
                    begun = true;
                    batch.bytes += length;
                    batch.changes.push(change);
                }
                self.given += 1;
            }
            (self.position, self.given) = (next, 0);
        }
        Ok(batch)
    }

    fn told(&self, change: &Change, revision: i64) -> KeyChange {
        let key = change.key.to_bytes();
        let value =
            |record: &Option<Record>| record.as_ref().map_or(0, |record| record.value.len());
        let fit = value(&change.before) + value(&change.after) + 2 * key.len() <= LONGEST;
        let before = change.before.as_ref().filter(|_| self.previous && fit);
        let gone = || KeyValue { key: key.clone(), mod_revision: revision, ..KeyValue::default() };
        KeyChange {
            now: change.after.as_ref().map_or_else(gone, |after| after.with_bytes(key.clone())),
            deleted: change.after.is_none(),
            before: before.map(|before| before.with_bytes(key)),
        }
    }
}

impl KeyChange {
    fn encoded_len(&self) -> usize {
        self.now.encoded_len() + self.before.as_ref().map_or(0, Message::encoded_len)
    }
}
