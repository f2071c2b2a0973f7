//! What a disk has promised to keep, noted beside it, so that the promise can be checked.

use understudy_protocol::{Entry, Index, Position, Recovered};

/// The log of one copy, as its store has acknowledged it.
#[derive(Clone, Default)]
pub struct Shadow {
    /// Everything up to here is in a snapshot.
    base: Position,
    /// Running hashes of the entries after it.
    written: Vec<u64>,
    /// End of what was synced.
    durable: Index,
}

impl Shadow {
    /// What a new life has found.
    pub fn of(recovered: &Recovered) -> Self {
        let written: Vec<u64> = recovered.entries.iter().map(|entry| entry.hash).collect();
        let durable = recovered.snapshot.position.index + written.len() as Index;
        Shadow { base: recovered.snapshot.position, written, durable }
    }

    /// Entries were written after the end.
    pub fn append(&mut self, entries: &[Entry]) {
        self.written.extend(entries.iter().map(|entry| entry.hash));
    }

    /// Everything up to here was synced. What was to be cut or replaced does not count, though it may still be there.
    pub fn synced(&mut self, position: Position) {
        self.durable = position.index.min(self.end());
    }

    /// The log was cut.
    pub fn truncate(&mut self, after: Index) {
        self.written.truncate(after.saturating_sub(self.base.index) as usize);
        self.durable = self.durable.min(after);
    }

    /// A snapshot has replaced the log.
    pub fn install(&mut self, position: Position) {
        *self = Shadow { base: position, written: Vec::new(), durable: position.index };
    }

    /// Whether this copy holds the entry with this index and hash durably.
    pub fn holds(&self, index: Index, hash: u64) -> bool {
        index <= self.base.index || (index <= self.durable && self.hash(index) == Some(hash))
    }

    /// The running hash at an index, which may be that of the snapshot's end.
    pub fn position_hash(&self, index: Index) -> Option<u64> {
        if index == self.base.index { Some(self.base.hash) } else { self.hash(index) }
    }

    /// Whether it has it at all, durably or not.
    pub fn has(&self, index: Index, hash: u64) -> bool {
        index <= self.base.index || self.hash(index) == Some(hash)
    }

    /// What is missing in a later life that should be there.
    pub fn missing_in(&self, later: &Shadow) -> Option<Index> {
        (later.base.index + 1..=self.durable)
            .find(|&index| index > self.base.index && self.hash(index) != later.hash(index))
            .or((later.durable < self.durable).then_some(later.durable + 1))
    }

    /// Indices and hashes after the snapshot.
    pub fn entries(&self) -> Vec<(Index, u64)> {
        (self.base.index + 1..).zip(self.written.iter().copied()).collect()
    }

    /// Whether everything that was written is durable.
    pub fn is_synced(&self) -> bool {
        self.durable >= self.end()
    }

    fn end(&self) -> Index {
        self.base.index + self.written.len() as Index
    }

    /// End of what is durable.
    pub fn durable(&self) -> Index {
        self.durable
    }

    fn hash(&self, index: Index) -> Option<u64> {
        let offset = index.checked_sub(self.base.index + 1)?;
        self.written.get(offset as usize).copied()
    }
}
