//! What the state takes, by what each of its parts does.

use super::memory::{BASE, Budget, FRAME, GENERATOR, LEASE};
use super::state::State;

impl State {
    /// Bytes of memory that it takes, without history.
    pub fn lasting(&self) -> u64 {
        let State { keyspace, history, sessions, leases, generators, .. } = self;
        [
            BASE,
            keyspace.memory(),
            history.deletions().memory(),
            sessions.memory(),
            leases.len().saturating_mul(LEASE),
            generators.len().saturating_mul(GENERATOR),
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    /// Bytes of memory that it takes.
    pub fn memory(&self) -> u64 {
        self.lasting().saturating_add(self.history.memory())
    }

    /// Bytes that a snapshot of it takes, at most. Keys have fewer bytes of their own than in memory; all else is
    /// taken for as many.
    pub fn snapshot_bytes(&self) -> u64 {
        let State { keyspace, history, .. } = self;
        (self.lasting() - keyspace.memory())
            .saturating_add(keyspace.bytes())
            .saturating_add(keyspace.len().saturating_mul(FRAME))
            .saturating_add(history.bytes())
    }

    /// Bytes that history may take beside the rest.
    pub fn left_for_history(&self) -> u64 {
        match self.budget {
            Budget(0) => u64::MAX,
            Budget(all) => all.saturating_sub(self.lasting()),
        }
    }
}
