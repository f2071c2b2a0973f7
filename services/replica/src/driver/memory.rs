//! The memory that there is for the store. A member that has less than the others must hold all of it, too: so the
//! primary logs what the one with the least has, and from there on every machine refuses alike what would
//! take more.

use understudy_machine::{Command, SetMemory};
use understudy_protocol::{Event, Kind, MS, Proposal, RequestId};

use super::Driver;
use crate::memory::Shares;

/// Between two looks at what the others have.
const LOOK: u64 = 20 * MS;

/// What is known of it here.
pub(super) struct Memory {
    pub shares: Shares,
    /// The order that is on its way into the log.
    ordered: Option<RequestId>,
    look_at: u64,
    /// The last warning.
    warned: String,
}

impl Memory {
    pub fn new(shares: Shares) -> Self {
        Memory { shares, ordered: None, look_at: 0, warned: String::new() }
    }

    /// An order has gone, one way or another.
    pub fn settle(&mut self, id: RequestId) {
        self.ordered.take_if(|ordered| *ordered == id);
    }
}

impl Driver {
    /// Logs what there is memory for, where that has changed.
    pub(super) fn propose_memory(&mut self) {
        let now = self.clock.now().mono;
        if now < self.memory.look_at || self.memory.ordered.is_some() {
            return;
        }
        self.memory.look_at = now + LOOK;
        let Some(least) = self.replica.least_memory() else { return };
        let (name, bytes) = least.map_or(("", 0), |(name, bytes)| (name, bytes));
        let usage = self.executor.machine.usage();
        if bytes != usage.memory_limit {
            let id = self.waiting.number();
            self.memory.ordered = Some(id);
            let payload = Command::new(SetMemory { bytes }).to_payload();
            let kind = Kind::Command;
            let order = Proposal { id, kind, payload, firm: false, upkeep: true };
            self.pending.push_back(Event::Requests { proposals: vec![order], reads: Vec::new() });
            return;
        }
        if bytes == 0 {
            return;
        }
        let quota = self.executor.machine.quota().max_bytes;
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

    /// Whether what is executed must wait for the snapshot that is being written: it keeps what the store has
    /// replaced meanwhile, and there is memory for so much of that.
    pub(super) fn waits_for_memory(&self) -> bool {
        let Shares { store, snapshot, .. } = self.memory.shares;
        self.executor.taken_while_writing() > store.saturating_add(snapshot)
    }
}
