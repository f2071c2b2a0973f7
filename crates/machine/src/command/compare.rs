//! The conditions of a transaction.

use bytes::Bytes;

/// One condition on one key. A missing key has revisions, version and lease 0, and no value: a
/// comparison of its value is false whatever the relation.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct Compare {
    /// Which key.
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    /// How the key's target must relate to the given one.
    #[prost(enumeration = "Relation", tag = "2")]
    pub relation: i32,
    /// What is compared, and with what. Missing means bad command.
    #[prost(oneof = "Target", tags = "3, 4, 5, 6, 7")]
    pub target: Option<Target>,
}

/// What is compared, and with what.
#[derive(Clone, PartialEq, Eq, Hash, prost::Oneof)]
pub enum Target {
    /// The value, ordered as bytes.
    #[prost(bytes = "bytes", tag = "3")]
    Value(Bytes),
    /// The revision of the last change.
    #[prost(int64, tag = "4")]
    ModRevision(i64),
    /// The revision that created the key.
    #[prost(int64, tag = "5")]
    CreateRevision(i64),
    /// How often the key was written since it was created.
    #[prost(int64, tag = "6")]
    Version(i64),
    /// The lease that the key is attached to.
    #[prost(int64, tag = "7")]
    Lease(i64),
}

/// How two things relate: the key's own stands on the left.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, prost::Enumeration)]
#[repr(i32)]
pub enum Relation {
    /// Not said: bad command.
    Unspecified = 0,
    /// Equal.
    Equal = 1,
    /// Not equal.
    NotEqual = 2,
    /// Less than the given one.
    Less = 3,
    /// Greater than the given one.
    Greater = 4,
}

impl Compare {
    /// `key`'s target relates so to the given one.
    pub fn new(key: impl Into<Bytes>, relation: Relation, target: Target) -> Self {
        Compare { key: key.into(), relation: relation.into(), target: Some(target) }
    }
}
