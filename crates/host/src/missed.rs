//! What a machine that executes nothing has missed.

use understudy_protocol::{Entry, RequestId, Snapshot};
use understudy_wal::{Disk, Finished};

/// What the machine has missed, and what it is to execute once it is there.
pub(crate) struct Missed<D: Disk> {
    /// A snapshot that came beside the log and is complete.
    received: Option<Finished<D>>,
    /// The newest snapshot, where the machine has executed less.
    newest: Option<Snapshot>,
    /// The machine is being made.
    restoring: bool,
    /// The one that there was is gone: there is no memory for two.
    absent: bool,
    /// What waits for it: one batch at most is under way.
    held: Vec<(Entry, Option<RequestId>)>,
}

impl<D: Disk> Default for Missed<D> {
    fn default() -> Self {
        let (received, newest, held) = (None, None, Vec::new());
        Missed { received, newest, restoring: false, absent: false, held }
    }
}

impl<D: Disk> Missed<D> {
    /// Whether there is no machine to read.
    pub fn is_absent(&self) -> bool {
        self.absent
    }

    /// The newest snapshot, where the machine has executed less.
    pub fn newest(&self) -> Option<Snapshot> {
        self.newest
    }

    /// A snapshot that came beside the log is complete.
    pub fn receive(&mut self, finished: Finished<D>) {
        self.received = Some(finished);
    }

    /// Takes that one out.
    pub fn take_received(&mut self) -> Option<Finished<D>> {
        self.received.take()
    }

    /// This snapshot is the newest one, and what the machine has to be; what was held is in it.
    pub fn adopt(&mut self, snapshot: Snapshot) {
        let absent = self.absent;
        *self = Missed { newest: Some(snapshot), absent, ..Missed::default() };
    }

    /// Holds what is to be executed until the machine is there. Gives whether somebody has to make it: the old
    /// one is gone then.
    pub fn hold(&mut self, batch: &mut Vec<(Entry, Option<RequestId>)>) -> bool {
        self.held.append(batch);
        let first = !std::mem::replace(&mut self.restoring, true);
        self.absent |= first;
        first
    }

    /// The machine is there: what waited for it.
    pub fn take_held(&mut self) -> Vec<(Entry, Option<RequestId>)> {
        std::mem::take(self).held
    }
}
