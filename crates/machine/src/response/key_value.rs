//! A key and all that is known of it.

use bytes::Bytes;

/// A key at one moment.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct KeyValue {
    /// The key; never empty.
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    /// Its value.
    #[prost(bytes = "bytes", tag = "2")]
    pub value: Bytes,
    /// The revision that created it.
    #[prost(int64, tag = "3")]
    pub create_revision: i64,
    /// The revision of its last change.
    #[prost(int64, tag = "4")]
    pub mod_revision: i64,
    /// How often it was written since it was created, from 1.
    #[prost(int64, tag = "5")]
    pub version: i64,
    /// The lease that it is attached to; 0 for none.
    #[prost(int64, tag = "6")]
    pub lease: i64,
}
