//! The outcomes of single operations.

use bytes::Bytes;

use crate::KeyValue;

/// Of a put.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct PutResult {
    /// The key as it was, when wanted and when there was one.
    #[prost(message, optional, tag = "1")]
    pub previous: Option<KeyValue>,
    /// The key's version after it, from 1.
    #[prost(int64, tag = "2")]
    pub version: i64,
    /// The lease that the key is attached to after it, 0 for none.
    #[prost(int64, tag = "3")]
    pub lease: i64,
}

/// Of a delete.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct DeleteResult {
    /// How many keys were removed.
    #[prost(uint64, tag = "1")]
    pub deleted: u64,
    /// They, in order, as they were, when wanted.
    #[prost(message, repeated, tag = "2")]
    pub previous: Vec<KeyValue>,
    /// The range holds more keys, beyond the delete's own limit.
    #[prost(bool, tag = "3")]
    pub more: bool,
}

/// Of a get within a transaction.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct GetResult {
    /// The keys, in order.
    #[prost(message, repeated, tag = "1")]
    pub keys: Vec<KeyValue>,
    /// The range holds more keys, beyond the get's own limit.
    #[prost(bool, tag = "2")]
    pub more: bool,
}

/// Of opening a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct SessionOpened {
    /// The session's id: a log index, never issued again.
    #[prost(uint64, tag = "1")]
    pub session: u64,
    /// Its lifetime without use, nanoseconds.
    #[prost(uint64, tag = "2")]
    pub ttl: u64,
}

/// Of keeping a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct SessionKept {
    /// Its lifetime without use, nanoseconds, beginning now.
    #[prost(uint64, tag = "1")]
    pub ttl: u64,
}

/// Of closing a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct SessionClosed {}

/// Of forgetting history.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Compacted {}

/// Of changing quotas.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct QuotaSet {}

/// Of seeding a generator, or setting its state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct GeneratorSet {}

/// Of a draw.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Drawn {
    /// Numbers, in the order drawn.
    #[prost(double, repeated, tag = "1")]
    pub floats: Vec<f64>,
    /// Bytes, or the bits of an integer, big-endian.
    #[prost(bytes = "bytes", tag = "2")]
    pub bytes: Bytes,
}

/// Of reading the clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Time {
    /// The primary's wall clock, nanoseconds since 1970, never running backwards.
    #[prost(uint64, tag = "1")]
    pub wall: u64,
    /// Logged elapsed time, nanoseconds.
    #[prost(uint64, tag = "2")]
    pub elapsed: u64,
}

/// Of granting a lease.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct LeaseGranted {
    /// The lease's id, from 1.
    #[prost(int64, tag = "1")]
    pub lease: i64,
    /// Its lifetime without use, nanoseconds.
    #[prost(uint64, tag = "2")]
    pub ttl: u64,
}

/// Of keeping a lease.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct LeaseKept {
    /// Its lifetime without use, nanoseconds, beginning now.
    #[prost(uint64, tag = "1")]
    pub ttl: u64,
}

/// Of revoking a lease.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct LeaseRevoked {
    /// How many keys were attached to it.
    #[prost(uint64, tag = "1")]
    pub keys: u64,
}
