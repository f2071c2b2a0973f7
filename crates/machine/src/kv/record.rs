//! What the store keeps of a key.

use bytes::Bytes;

use super::key::Key;
use crate::KeyValue;

/// A key's newest version; the key itself is in the map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub value: Bytes,
    pub create_revision: i64,
    pub mod_revision: i64,
    pub version: i64,
    pub lease: i64,
}

impl Record {
    /// The record that a write at `revision` leaves where `before` was.
    pub fn written(before: Option<&Record>, revision: i64, value: Bytes, lease: i64) -> Self {
        Record {
            value,
            create_revision: before.map_or(revision, |before| before.create_revision),
            mod_revision: revision,
            version: before.map_or(1, |before| before.version + 1),
            lease,
        }
    }

    /// The record together with its key.
    pub fn with_key(&self, key: &Key) -> KeyValue {
        self.with_bytes(key.to_bytes())
    }

    /// The same with a key that is at hand.
    pub fn with_bytes(&self, key: Bytes) -> KeyValue {
        KeyValue {
            key,
            value: self.value.clone(),
            create_revision: self.create_revision,
            mod_revision: self.mod_revision,
            version: self.version,
            lease: self.lease,
        }
    }
}
