//! What the host logs on its own: that time has passed, and for how much memory the machine may count on.

use bytes::Bytes;
use understudy_machine::Machine;
use understudy_protocol::{Kind, Now, RequestId};
use understudy_wal::Disk;

use crate::{Host, Waiter};

impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    /// Has logged time pass where the machine waits for it. Only a primary that serves lets time pass.
    pub(crate) fn propose_tick(&mut self, now: Now) {
        let Some(elapsed) = self.replica.elapsed(now) else { return };
        let due = self.executor.machine.deadline().is_some_and(|deadline| deadline <= elapsed)
            || self.executor.is_to_renew();
        if due && self.upkeep.may_tick(now) {
            let id = self.propose_own(Kind::Tick, Bytes::new());
            self.upkeep.tick(now, id);
        }
    }

    /// Logs what there is memory for, where that has changed. A member that has less than the others must hold all
    /// of the machine, too: from there on every machine refuses alike what would take more.
    pub(crate) fn propose_memory(&mut self, now: Now) {
        if !self.upkeep.look_at_memory(now) {
            return;
        }
        let Some(least) = self.replica.least_memory() else { return };
        let bytes = least.map_or(0, |(_, bytes)| bytes);
        if let Some(order) = self.executor.machine.limit_memory(bytes) {
            let id = self.propose_own(Kind::Command, order);
            self.upkeep.limit_memory(id);
        }
    }

    /// A request of the host's own was executed, or will not be.
    pub(crate) fn settle(&mut self, id: RequestId) {
        self.upkeep.settle(id);
    }
}
