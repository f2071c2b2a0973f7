//! What the world knows and no replica does: the one true log, who acted, what was promised.

use std::collections::BTreeMap;

use understudy_protocol::{Entry, Epoch, Index, Time};

use crate::checks::violation::{Property, Violation};
use crate::world::id::{HostId, Run};

/// The facts that every replica must agree with.
#[derive(Default)]
pub struct Ledger {
    /// The running hash after each committed entry, from index 1.
    hashes: Vec<u64>,
    /// The clocks of the last one.
    time: Time,
    /// The machine's digest after each.
    digests: Vec<u64>,
    /// Who acted in each epoch.
    actors: BTreeMap<Epoch, (HostId, Run)>,
    /// The end of what anybody outside has seen or been promised.
    promised: Index,
    /// The register's epoch.
    epoch: Epoch,
}

impl Ledger {
    /// An entry is being executed somewhere: it is committed.
    pub fn executed(&mut self, name: &str, entry: &Entry) -> Result<(), Violation> {
        match self.hashes.get(entry.index as usize - 1) {
            Some(&hash) if hash == entry.hash => Ok(()),
            Some(_) => broken(
                Property::CommittedPrefix,
                format!(
                    "{name} executes another entry {} (epoch {}) than was committed",
                    entry.index, entry.epoch
                ),
            ),
            None if entry.index == self.hashes.len() as Index + 1 => {
                self.hashes.push(entry.hash);
                self.passed(name, entry)
            }
            None => broken(
                Property::CommittedPrefix,
                format!("{name} executes {}, committed is {}", entry.index, self.hashes.len()),
            ),
        }
    }

    /// The clocks of the log go on with every entry.
    fn passed(&mut self, name: &str, entry: &Entry) -> Result<(), Violation> {
        let (before, now) = (self.time, entry.time);
        self.time = now;
        if now.wall < before.wall || now.elapsed < before.elapsed {
            return broken(
                Property::TimeNeverGoesBack,
                format!(
                    "{name} executes entry {} of {now:?}, after one of {before:?}",
                    entry.index
                ),
            );
        }
        // Nor does the wall clock wait where it is ahead: it loses a tenth.
        let passed = now.elapsed - before.elapsed;
        if now.wall < before.wall.saturating_add(passed - passed / 10) {
            return broken(
                Property::TimeGoesOn,
                format!(
                    "{name} executes entry {} of {now:?}, after one of {before:?}",
                    entry.index
                ),
            );
        }
        Ok(())
    }

    /// A machine's digest after an entry.
    pub fn digest(&mut self, name: &str, index: Index, digest: u64) -> Result<(), Violation> {
        match self.digests.get(index as usize - 1) {
            Some(&known) if known == digest => Ok(()),
            Some(_) => broken(
                Property::EqualDigests,
                format!("{name}'s machine differs after entry {index}"),
            ),
            None => {
                self.digests.push(digest);
                Ok(())
            }
        }
    }

    /// Somebody outside has seen what the entries up to here did.
    pub fn promise(&mut self, index: Index) {
        self.promised = self.promised.max(index);
    }

    /// The last entry whose effects were seen outside, with its hash.
    pub fn promised(&self) -> Option<(Index, u64)> {
        let hash = self.hashes.get((self.promised as usize).checked_sub(1)?)?;
        Some((self.promised, *hash))
    }

    /// The running hash after a committed entry.
    pub fn hash(&self, index: Index) -> Option<u64> {
        self.hashes.get((index as usize).checked_sub(1)?).copied()
    }

    /// Committed entries.
    pub fn committed(&self) -> Index {
        self.hashes.len() as Index
    }

    /// A process acts.
    pub fn acts(&mut self, epoch: Epoch, name: &str, who: (HostId, Run)) -> Result<(), Violation> {
        match self.actors.insert(epoch, who) {
            Some(other) if other != who => broken(
                Property::OneActorPerEpoch,
                format!("{name} acts in epoch {epoch}, in which another process has acted"),
            ),
            _ => Ok(()),
        }
    }

    /// The register was written.
    pub fn register(&mut self, epoch: Epoch) -> Result<(), Violation> {
        if epoch <= self.epoch {
            return broken(
                Property::EpochsNeverGoBack,
                format!("the register goes from epoch {} to {epoch}", self.epoch),
            );
        }
        self.epoch = epoch;
        Ok(())
    }
}

fn broken(property: Property, explanation: String) -> Result<(), Violation> {
    Err(Violation { property, explanation })
}
