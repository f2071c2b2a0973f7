//! What the machine is given, and when, and what it says of itself.

use understudy_evidence::{correct, reached};

use super::{Core, DIGESTS};
use crate::{BackupExecution, Effect, Entry, Index, Position, RequestId};

impl Core {
    /// Moves the commit index and gives the machine what is newly committed.
    pub fn commit(&mut self, to: Index) {
        let to = to.min(self.log.last().index);
        if to > self.log.commit {
            self.committed_at = self.now.mono;
            let previous = std::mem::replace(&mut self.log.commit, to);
            self.settle(previous);
            self.execute(to);
        }
    }

    /// Whether this replica is to execute nothing: as a backup, where the settings say so. Not while a replay
    /// is to tell whether a digest still differs.
    pub fn is_deferred(&self) -> bool {
        let deferred = self.settings.backup_execution == BackupExecution::Deferred;
        deferred && !self.acts && !self.state.replaying
    }

    /// Whether what is committed waits in memory, unless there is too much of it.
    pub(crate) fn defers(&self) -> bool {
        let limits = &self.config.limits;
        let most = limits.window_bytes.saturating_add(limits.deferred_bytes);
        self.is_deferred() && correct!(self.log.bytes() <= most, "deferred-without-bound" => true)
    }

    /// Gives the machine what it has not been given, up to `through`.
    pub fn execute(&mut self, through: Index) {
        self.due = self.due.max(through);
        self.hand_over_to_machine();
    }

    /// Gives the machine the next batch of what is due, once it has executed the last one: a long
    /// replay leaves the loop its time for everything else.
    fn hand_over_to_machine(&mut self) {
        if self.log.applied < self.log.handed || self.defers() {
            return;
        }
        let limits = &self.config.limits;
        if self.is_deferred() && self.log.handed < self.log.commit {
            reached!("backlog executed for its size");
        }
        let mut batch: Vec<(Entry, Option<RequestId>)> = Vec::new();
        let mut bytes = 0;
        while self.log.handed < self.due
            && batch.len() < limits.batch_entries.max(1)
            && (batch.is_empty() || bytes < limits.batch_bytes)
        {
            let entry =
                self.log.get(self.log.handed + 1).expect("unexecuted entries stay in the window");
            bytes += entry.weight();
            batch.push((entry.clone(), self.waiting.remove(&entry.index)));
            self.log.handed += 1;
        }
        if !batch.is_empty() {
            self.out.push(Effect::Apply(batch));
        }
    }

    pub fn applied(&mut self, first: Index, digests: &[u64]) {
        if first <= self.log.applied {
            return; // A snapshot was installed meanwhile: it holds them.
        }
        assert_eq!(first, self.log.applied + 1, "entries are executed in order");
        self.log.applied += digests.len() as Index;
        assert!(self.log.applied <= self.log.handed, "only what was handed over is executed");
        self.digests.extend(digests);
        let excess = self.digests.len().saturating_sub(DIGESTS);
        self.digests.drain(..excess);
        self.log.trim(self.config.limits.window_bytes);
        self.hand_over_to_machine();
    }

    /// The machine's digest as of an entry executed lately.
    fn digest(&self, index: Index) -> Option<u64> {
        let back = usize::try_from(self.log.applied.checked_sub(index)?).ok()?;
        self.digests.iter().rev().nth(back).copied()
    }

    /// The newest digest that everybody will have, `(0, 0)` when none is at hand: after what was
    /// executed ahead of its commit, others may execute something else.
    pub fn latest_digest(&self) -> (Index, u64) {
        let index = self.log.applied.min(self.log.commit);
        self.digest(index).map_or((0, 0), |digest| (index, digest))
    }

    /// Compares the primary's digest with mine, now or once I have executed that far. `Err` is a
    /// difference.
    pub fn compare_digest(&mut self, told: Option<(Index, u64)>) -> Result<(), Index> {
        if let Some(told) = told.filter(|&(index, _)| index > 0) {
            self.expected = Some(told);
        }
        let Some((index, digest)) = self.expected else { return Ok(()) };
        if index > self.log.applied {
            return Ok(());
        }
        self.expected = None;
        match self.digest(index) {
            Some(mine) if mine != digest => Err(index),
            Some(_) if self.state.replaying => {
                self.state.replaying = false;
                self.save();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether the primary's snapshot that ends there would spare this replica something: it stands for a
    /// committed part of this very log that was not executed here.
    pub fn is_spared_by(&self, position: Position) -> bool {
        let index = position.index;
        self.is_deferred()
            && index > self.log.handed
            && correct!(
                index <= self.log.commit && self.log.position(index) == Some(position),
                "deferred-snapshot-ahead" => true,
            )
    }

    /// The machine is what the primary's snapshot says; the log stays.
    pub fn take_on(&mut self, position: Position) {
        reached!("snapshot taken on in the background");
        self.out.push(Effect::AdoptSnapshot(position));
        self.log.skip(position);
        self.digests.clear();
        self.expected = None;
        self.log.trim(self.config.limits.window_bytes);
    }
}
