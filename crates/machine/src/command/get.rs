//! Reads keys within a transaction.

use crate::KeyRange;

/// Reads the keys of a range, in order, as the operations before it in the transaction left them.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct Get {
    /// Which keys. Missing means bad command.
    #[prost(oneof = "KeyRange", tags = "4, 5, 6")]
    pub range: Option<KeyRange>,
    /// Read at most the first `limit`, never more than the quota's `max_range_keys`, and say
    /// whether there are more. 0 means all or nothing: then more than the quota is refused.
    #[prost(uint64, tag = "2")]
    pub limit: u64,
    /// Without values.
    #[prost(bool, tag = "3")]
    pub keys_only: bool,
}

impl Get {
    /// Reads all keys of a range, or is refused.
    pub fn new(range: KeyRange) -> Self {
        Get { range: Some(range), ..Get::default() }
    }
}
