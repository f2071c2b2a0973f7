//! What the tellers were told.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::Transfer;

/// What the tellers were told, by the transfer's id; against it the store is audited.
#[derive(Debug)]
pub struct Books {
    /// Done, as the answer said: must be there.
    pub acknowledged: HashMap<String, Transfer>,
    /// May have been done, or may yet be: may be there.
    pub unknown: HashMap<String, Transfer>,
    /// How many were definitely not done, since no replica could do them in time: must not be there.
    pub failed: u64,
    /// The longest time in which no transfer was acknowledged.
    pub longest_pause: Duration,
    last: Instant,
}

impl Books {
    /// Notes an acknowledged transfer.
    pub fn acknowledge(&mut self, id: String, order: Transfer) {
        self.longest_pause = self.longest_pause.max(self.last.elapsed());
        self.last = Instant::now();
        self.acknowledged.insert(id, order);
    }
}

impl Default for Books {
    fn default() -> Self {
        Self {
            acknowledged: HashMap::new(),
            unknown: HashMap::new(),
            failed: 0,
            longest_pause: Duration::ZERO,
            last: Instant::now(),
        }
    }
}
