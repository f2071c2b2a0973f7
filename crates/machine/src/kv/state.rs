//! Everything that is replicated.

use super::keyspace::Keyspace;
use super::quota::Quota;
use super::sessions::Sessions;

/// The whole replicated state. A clone is O(1) and stands still.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// Log index of the last input.
    pub index: u64,
    /// Logged elapsed time as of it.
    pub elapsed: u64,
    /// The running digest behind it.
    pub digest: u64,
    /// Counts the operations that changed keys.
    pub revision: i64,
    pub keyspace: Keyspace,
    pub sessions: Sessions,
    pub quota: Quota,
}

impl State {
    pub fn new() -> Self {
        State {
            index: 0,
            elapsed: 0,
            digest: 0,
            revision: 0,
            keyspace: Keyspace::default(),
            sessions: Sessions::default(),
            quota: Quota::INITIAL,
        }
    }
}
