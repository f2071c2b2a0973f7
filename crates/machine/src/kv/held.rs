//! An answer kept for retries.

use bytes::Bytes;

/// The answer to a stamped operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Held {
    /// Hash of the encoded operation, so that a sequence used twice shows.
    pub operation: u64,
    /// The encoded response.
    pub response: Bytes,
}

impl Held {
    /// What it counts for in the quotas on held responses.
    pub fn weight(&self) -> u64 {
        self.response.len() as u64
    }
}
