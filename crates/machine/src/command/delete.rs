//! Removes keys.

use crate::KeyRange;

/// Removes the keys of a range. Makes a revision only when there was something to remove.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct Delete {
    /// Which keys. Missing means bad command.
    #[prost(oneof = "KeyRange", tags = "4, 5, 6")]
    pub range: Option<KeyRange>,
    /// Answer with the keys as they were.
    #[prost(bool, tag = "2")]
    pub want_previous: bool,
    /// Remove at most the first `limit`, never more than the quota's `max_range_keys`, and say
    /// whether there are more. 0 means all or nothing: then more than the quota is refused.
    #[prost(uint64, tag = "3")]
    pub limit: u64,
}

impl Delete {
    /// Removes all keys of a range, or is refused.
    pub fn new(range: KeyRange) -> Self {
        Delete { range: Some(range), ..Delete::default() }
    }

    /// The same, answering with the keys as they were.
    pub fn with_previous(self) -> Self {
        Delete { want_previous: true, ..self }
    }
}
