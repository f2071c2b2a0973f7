//! Writes one key.

use bytes::Bytes;

/// Writes one key, creating it when it is missing. Always makes a revision when it is executed.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct Put {
    /// Not empty; at most the quota's `max_key_bytes`.
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    /// At most the quota's `max_value_bytes`.
    #[prost(bytes = "bytes", tag = "2")]
    pub value: Bytes,
    /// What becomes of the key's lease; without it, the key is attached to none.
    #[prost(oneof = "Lifetime", tags = "3, 6, 7")]
    pub lifetime: Option<Lifetime>,
    /// Answer with the key as it was.
    #[prost(bool, tag = "4")]
    pub want_previous: bool,
    /// Only when the key's mod revision is this one. A missing key has mod revision 0.
    #[prost(int64, optional, tag = "5")]
    pub if_mod_revision: Option<i64>,
}

/// How long a key lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Oneof)]
pub enum Lifetime {
    /// As long as this lease, which was granted before.
    #[prost(int64, tag = "3")]
    Lease(i64),
    /// As long as a lease of this lifetime that the put grants: 1 ms to ten years, nanoseconds.
    #[prost(uint64, tag = "6")]
    Ttl(u64),
    /// As long as before: attached to its lease, if any. False for none.
    #[prost(bool, tag = "7")]
    Kept(bool),
}

impl Put {
    /// An unconditional write.
    pub fn new(key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        Put { key: key.into(), value: value.into(), ..Put::default() }
    }

    /// The same, only when the key is missing.
    pub fn only_if_absent(self) -> Self {
        self.only_if_mod_revision(0)
    }

    /// The same, only when the key was last changed by `revision`.
    pub fn only_if_mod_revision(self, revision: i64) -> Self {
        Put { if_mod_revision: Some(revision), ..self }
    }

    /// The same, with this lifetime.
    pub fn living(self, lifetime: Lifetime) -> Self {
        Put { lifetime: Some(lifetime), ..self }
    }

    /// The same, answering with the key as it was.
    pub fn with_previous(self) -> Self {
        Put { want_previous: true, ..self }
    }
}
