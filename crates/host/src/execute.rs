//! The machine executes, one entry after the other, and whoever waits is answered.

use std::collections::VecDeque;

use understudy_machine::Machine;
use understudy_protocol::{Entry, Event, Index, Now, RequestId};
use understudy_wal::Disk;

use crate::{Executed, Host, Output, Waiter};

/// A batch of entries that is being executed: of `Limits::batch_entries` at most, the protocol gives no more at once.
#[derive(Default)]
pub(crate) struct Execution {
    entries: VecDeque<(Entry, Option<RequestId>)>,
    first: Index,
    digests: Vec<u64>,
}

impl Execution {
    /// What is executed next.
    pub fn next(&self) -> Option<&Entry> {
        self.entries.front().map(|(entry, _)| entry)
    }
}

impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    /// Has entries executed, in order: committed ones, in `async` mode also those that will be.
    pub(crate) fn apply(&mut self, mut batch: Vec<(Entry, Option<RequestId>)>) {
        if self.defers(&mut batch) {
            return;
        }
        if let Some((entry, _)) = batch.first() {
            let (first, digests) = (entry.index, Vec::with_capacity(batch.len()));
            self.execution = Execution { entries: batch.into(), first, digests };
        }
    }

    /// Executes the next entry of the batch.
    pub(crate) fn execute_next(&mut self, now: Now) -> Option<Output<D, M, W>> {
        let (entry, id) = self.execution.entries.pop_front()?;
        let output = self.executor.execute(now, &entry);
        let digest = self.executor.machine.digest();
        self.execution.digests.push(digest);
        let waiter = id.and_then(|id| {
            self.settle(id);
            self.requests.take(id)
        });
        let committed = entry.index <= self.replica.commit();
        if self.execution.entries.is_empty() {
            let Execution { first, digests, .. } = std::mem::take(&mut self.execution);
            self.events.push_back(Event::Applied { first, digests });
            self.save_when_due(self.options.snapshot_bytes);
        }
        Some(Output::Executed(Executed { entry, output, digest, committed, waiter }))
    }
}
