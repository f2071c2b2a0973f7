//! The messages of a snapshot, in the order in which they are written.

use bytes::Bytes;

use super::quota::Quota;
use crate::KeyValue;

/// First: everything of fixed size, and how much follows. Then `keys` times
/// [`crate::KeyValue`], then `sessions` times [`SessionFrame`], then `revisions` times
/// [`RevisionFrame`], then `deletions` times [`DeletionFrame`], then `terms` times [`TermFrame`], then `generators` times [`GeneratorFrame`],
/// then `leases` times [`LeaseFrame`].
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Header {
    #[prost(uint64, tag = "1")]
    pub index: u64,
    #[prost(uint64, tag = "2")]
    pub elapsed: u64,
    #[prost(fixed64, tag = "3")]
    pub digest: u64,
    #[prost(int64, tag = "4")]
    pub revision: i64,
    #[prost(message, optional, tag = "5")]
    pub quota: Option<Quota>,
    #[prost(uint64, tag = "6")]
    pub keys: u64,
    #[prost(uint64, tag = "7")]
    pub sessions: u64,
    #[prost(uint64, tag = "8")]
    pub opened: u64,
    #[prost(uint64, tag = "9")]
    pub highest_session: u64,
    #[prost(uint64, tag = "10")]
    pub revisions: u64,
    #[prost(int64, tag = "11")]
    pub floor: i64,
    #[prost(fixed64, tag = "12")]
    pub mark: u64,
    #[prost(uint64, tag = "13")]
    pub generators: u64,
    #[prost(uint64, tag = "14")]
    pub leases: u64,
    #[prost(int64, tag = "15")]
    pub highest_lease: i64,
    #[prost(uint64, tag = "16")]
    pub deletions: u64,
    #[prost(int64, tag = "17")]
    pub deletions_since: i64,
    #[prost(uint64, tag = "18")]
    pub terms: u64,
    #[prost(uint64, tag = "19")]
    pub memory: u64,
}

/// A session; `held` times [`HeldFrame`] follow.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SessionFrame {
    #[prost(uint64, tag = "1")]
    pub id: u64,
    #[prost(uint64, tag = "2")]
    pub ttl: u64,
    #[prost(uint64, tag = "3")]
    pub used: u64,
    #[prost(uint64, tag = "4")]
    pub due: u64,
    #[prost(uint64, tag = "5")]
    pub trim: u64,
    #[prost(uint64, tag = "6")]
    pub held: u64,
    #[prost(bytes = "bytes", tag = "7")]
    pub owner: Bytes,
}

/// A lease; the keys know on which they hang.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct LeaseFrame {
    #[prost(int64, tag = "1")]
    pub id: i64,
    #[prost(uint64, tag = "2")]
    pub ttl: u64,
    #[prost(uint64, tag = "3")]
    pub used: u64,
    #[prost(uint64, tag = "4")]
    pub due: u64,
    #[prost(bool, tag = "5")]
    pub ended: bool,
    #[prost(bytes = "bytes", tag = "6")]
    pub owner: Bytes,
}

/// A generator.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GeneratorFrame {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(fixed32, repeated, tag = "2")]
    pub words: Vec<u32>,
    #[prost(uint64, tag = "3")]
    pub position: u64,
    #[prost(bytes = "bytes", tag = "4")]
    pub owner: Bytes,
}

/// What a revision changed; `changes` times [`ChangeFrame`] follow, by key.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RevisionFrame {
    #[prost(fixed64, tag = "1")]
    pub mark: u64,
    #[prost(uint64, tag = "2")]
    pub changes: u64,
    #[prost(uint64, tag = "3")]
    pub elapsed: u64,
}

/// A deletion of which history knows no more than this.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct DeletionFrame {
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    #[prost(int64, tag = "2")]
    pub revision: i64,
}

/// A term: its mark and the newest revision when it began.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TermFrame {
    #[prost(fixed64, tag = "1")]
    pub mark: u64,
    #[prost(int64, tag = "2")]
    pub revision: i64,
}

/// A key before a revision. What the revision made of it is what it was before the next change of it, or is now.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ChangeFrame {
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    #[prost(message, optional, tag = "2")]
    pub before: Option<KeyValue>,
}

/// A response held for retries.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct HeldFrame {
    #[prost(uint64, tag = "1")]
    pub sequence: u64,
    #[prost(bytes = "bytes", tag = "2")]
    pub response: Bytes,
    #[prost(fixed64, tag = "3")]
    pub operation: u64,
}
