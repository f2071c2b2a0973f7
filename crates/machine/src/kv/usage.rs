//! How much of the quotas is used.

/// How much of the quotas is used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Usage {
    /// Keys in the store.
    pub keys: u64,
    /// Bytes of all keys and values, without the machine's own overhead.
    pub bytes: u64,
    /// Sessions alive.
    pub sessions: u64,
    /// Leases.
    pub leases: u64,
    /// Generators.
    pub generators: u64,
    /// Bytes of all responses that are held for retries.
    pub held_bytes: u64,
    /// Bytes of history, as [`crate::Quota::max_history_bytes`] counts them.
    pub history_bytes: u64,
    /// Bytes of memory that the whole state takes, about.
    pub memory: u64,
    /// Bytes of memory that it may take, see [`crate::SetMemory`]; 0: nobody has said.
    pub memory_limit: u64,
    /// The oldest revision at which the store can be read.
    pub oldest_revision: i64,
}
