//! What is said where there is less memory for the store than it takes, or may take.

use understudy_protocol::MS;

use super::Driver;
use crate::memory::Shares;

/// Between two looks at it, nanoseconds.
const LOOK: u64 = 20 * MS;

/// What is known of it here.
pub(super) struct Memory {
    pub shares: Shares,
    look_at: u64,
    /// The last warning.
    warned: String,
}

impl Memory {
    pub fn new(shares: Shares) -> Self {
        Memory { shares, look_at: 0, warned: String::new() }
    }
}

impl Driver {
    /// Warns once where the member with the least memory has too little.
    pub(super) fn warn_of_memory(&mut self) {
        let now = self.clock.now().mono;
        if now < self.memory.look_at {
            return;
        }
        self.memory.look_at = now + LOOK;
        let Some(Some((name, bytes))) = self.host.replica().least_memory() else { return };
        let machine = self.host.machine();
        let usage = machine.usage();
        // What is known here is not logged yet.
        if bytes == 0 || bytes != usage.memory_limit {
            return;
        }
        let quota = machine.quota().max_bytes;
        let mib = bytes >> 20;
        let warning = if usage.memory > bytes {
            format!(
                "the store takes more memory than replica {name} has for it ({mib} MiB): give it more, \
                 or delete something"
            )
        } else if quota > bytes {
            format!(
                "max_bytes of the quota is {} MiB, and replica {name} has {mib} MiB of memory for the store: \
                 writes get QUOTA_EXCEEDED before the quota is used up",
                quota >> 20
            )
        } else {
            String::new()
        };
        if warning != self.memory.warned {
            if !warning.is_empty() {
                tracing::warn!(replica = %self.name, "{warning}");
            }
            self.memory.warned = warning;
        }
    }
}
