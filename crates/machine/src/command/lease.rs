//! The operations on leases.

/// Grants a lease: keys attached to it are deleted when it ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct GrantLease {
    /// Lifetime without use, nanoseconds of logged elapsed time: 1 ms to ten years.
    #[prost(uint64, tag = "1")]
    pub ttl: u64,
    /// The id wanted, below 2^62; 0: the machine chooses one that was never used.
    #[prost(int64, tag = "2")]
    pub lease: i64,
}

/// Gives a lease its full lifetime again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct KeepLease {
    /// The lease's id.
    #[prost(int64, tag = "1")]
    pub lease: i64,
}

/// Ends a lease and deletes the first 1,024 of its keys; ticks delete the others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct RevokeLease {
    /// The lease's id.
    #[prost(int64, tag = "1")]
    pub lease: i64,
}
