//! The machine executes, one entry after the other, and whoever waits is answered.

use understudy_machine::Machine;
use understudy_protocol::{Entry, Now, RequestId};
use understudy_wal::Disk;

use crate::execution::Execution;
use crate::{Executed, Host, Output, Waiter};

impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    /// Has entries executed, in order: committed ones, in `async` mode also those that will be.
    pub(crate) fn apply(&mut self, mut batch: Vec<(Entry, Option<RequestId>)>) {
        if self.defers(&mut batch) {
            return;
        }
        if let Some((entry, _)) = batch.first() {
            let first = entry.index;
            self.execution = Execution::new(batch, first);
        }
    }

    /// Executes the next entry of the batch.
    pub(crate) fn execute_next(&mut self, now: Now) -> Option<Output<D, M, W>> {
        let (entry, id) = self.execution.pop()?;
        let output = self.executor.execute(now, &entry);
        let digest = self.executor.machine.digest();
        let waiter = id.and_then(|id| {
            self.settle(id);
            self.requests.take(id)
        });
        let committed = entry.index <= self.replica.commit();
        if let Some(applied) = self.execution.executed(digest) {
            self.events.push_back(applied);
            self.save_when_due(self.options.snapshot_bytes);
        }
        Some(Output::Executed(Executed { entry, output, digest, committed, waiter }))
    }
}
