//! What a server may tell about a lease.

use bytes::Bytes;

/// A lease that can be used.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LeaseInfo {
    /// Its id, from 1.
    pub lease: i64,
    /// Its lifetime without use, nanoseconds.
    pub ttl: u64,
    /// What is left of it, nanoseconds of logged elapsed time.
    pub left: u64,
    /// How many keys are attached to it.
    pub keys: u64,
    /// Whose share it counts for; empty: nobody's.
    pub owner: Bytes,
}
