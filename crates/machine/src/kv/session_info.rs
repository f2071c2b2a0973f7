//! What a server may tell about a session.

use bytes::Bytes;

/// A session that is alive.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SessionInfo {
    /// Its id.
    pub session: u64,
    /// Its lifetime without use, nanoseconds.
    pub ttl: u64,
    /// What is left of it as of the last entry executed, nanoseconds of logged elapsed time.
    pub left: u64,
    /// Sequences up to this one are never executed any more.
    pub trim: u64,
    /// Responses held for retries.
    pub held: u64,
    /// Bytes of them.
    pub held_bytes: u64,
    /// Whose share it counts for; empty: nobody's.
    pub owner: Bytes,
}
