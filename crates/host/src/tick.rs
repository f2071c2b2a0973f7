//! What the host logs on its own: that time has passed, and for how much memory the machine may count on.

use bytes::Bytes;
use understudy_machine::Machine;
use understudy_protocol::{Kind, MS, Now, RequestId};
use understudy_wal::Disk;

use crate::{Host, Waiter};

/// Between two ticks of logged time, nanoseconds: one that is turned away must not come back at once.
const TICK_PAUSE: u64 = 20 * MS;
/// Between two looks at what memory the others have, nanoseconds.
const LOOK: u64 = 20 * MS;

/// What of it is on its way into the log, and when it may come next.
#[derive(Default)]
pub(crate) struct Upkeep {
    tick: Option<RequestId>,
    tick_at: u64,
    memory: Option<RequestId>,
    memory_at: u64,
}

impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    /// Has logged time pass where the machine waits for it. Only a primary that serves lets time pass.
    pub(crate) fn propose_tick(&mut self, now: Now) {
        let Some(elapsed) = self.replica.elapsed(now) else { return };
        let due = self.executor.machine.deadline().is_some_and(|deadline| deadline <= elapsed)
            || self.executor.is_to_renew();
        if due && self.upkeep.tick.is_none() && now.mono >= self.upkeep.tick_at {
            self.upkeep.tick_at = now.mono + TICK_PAUSE;
            self.upkeep.tick = Some(self.propose_own(Kind::Tick, Bytes::new()));
        }
    }

    /// Logs what there is memory for, where that has changed. A member that has less than the others must hold all
    /// of the machine, too: from there on every machine refuses alike what would take more.
    pub(crate) fn propose_memory(&mut self, now: Now) {
        if now.mono < self.upkeep.memory_at || self.upkeep.memory.is_some() {
            return;
        }
        self.upkeep.memory_at = now.mono + LOOK;
        let Some(least) = self.replica.least_memory() else { return };
        let bytes = least.map_or(0, |(_, bytes)| bytes);
        if let Some(order) = self.executor.machine.limit_memory(bytes) {
            self.upkeep.memory = Some(self.propose_own(Kind::Command, order));
        }
    }

    /// A request of the host's own was executed, or will not be.
    pub(crate) fn settle(&mut self, id: RequestId) {
        self.upkeep.tick.take_if(|tick| *tick == id);
        self.upkeep.memory.take_if(|order| *order == id);
    }
}
