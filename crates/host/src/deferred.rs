//! A backup that executes nothing: the primary's snapshots come in the background, and the machine stays as it was
//! until it has something to execute. It is made of the newest snapshot then, on another thread, so that the
//! replica says meanwhile that it lives.

use understudy_machine::Machine;
use understudy_protocol::{ConnId, Entry, Event, Position, RequestId, Snapshot, SnapshotPart};
use understudy_wal::{Disk, Finished, WriteError};

use crate::executor::Executor;
use crate::missed::Missed;
use crate::work::{Kind, Received, restore};
use crate::{Host, Level, Output, Reason, Waiter, Work};

impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    /// The last part of a snapshot in the background is stored.
    pub(crate) fn check_received(&mut self, conn: ConnId, position: Position, offset: u64) {
        match self.disk.take_received() {
            Some(incoming) => {
                let received = Received { conn, position, offset };
                self.work(Kind::Check(received, Box::new(incoming)));
            }
            None => self.declined(conn, position),
        }
    }

    pub(crate) fn on_checked(
        &mut self,
        received: Received,
        checked: Result<Finished<D>, WriteError>,
    ) {
        let Received { conn, position, offset } = received;
        match checked {
            Ok(finished) => {
                self.missed.receive(finished);
                self.events.push_back(Event::SnapshotStored { conn, position, offset });
            }
            Err(error) => {
                let note = format!("the primary's snapshot is not kept: {error}");
                self.note(Level::Info, note);
                self.declined(conn, position);
            }
        }
    }

    /// Nothing of a snapshot that came in the background is kept.
    pub(crate) fn declined(&mut self, conn: ConnId, position: Position) {
        self.events.push_back(Event::SnapshotStored { conn, position, offset: 0 });
    }

    /// The snapshot that came in the background is the newest one, and what the machine has to be.
    pub(crate) fn adopt_received(&mut self, position: Position) {
        let Some(finished) = self.missed.take_received() else {
            let why = "there is no snapshot to adopt: a bug, please report it";
            return self.end_life(Reason::Bug(why.into()));
        };
        let snapshot = finished.snapshot();
        match self.disk.adopt(finished) {
            Ok(newest) if newest == position => {}
            Ok(_) => {
                let why = "the snapshot to adopt is not the newest one: a bug, please report it";
                return self.end_life(Reason::Bug(why.into()));
            }
            Err(error) => return self.fail(&error),
        }
        self.missed.adopt(snapshot);
        self.changed = true;
        self.outputs.push_back(Output::SnapshotReceived(position));
    }

    /// The machine is what a snapshot says that has taken the log's place. One that cannot be restored is
    /// damage, which the next life finds and sets aside.
    pub(crate) fn install(&mut self, part: &SnapshotPart) -> Result<(), String> {
        let source = self.disk.open_snapshot()?;
        // The old one goes first: there is no memory for two.
        self.executor = Executor::new(M::default(), Snapshot::default());
        let machine = restore(source)
            .map_err(|error| format!("the snapshot received cannot be used: {error}"))?;
        self.executor = Executor::new(machine, part.snapshot);
        self.missed = Missed::default();
        self.first = part.snapshot.position.index + 1;
        self.changed = true;
        self.outputs.push_back(Output::SnapshotInstalled(part.snapshot.position));
        Ok(())
    }

    /// Whether a batch has to wait for a machine that is not there; has it made.
    pub(crate) fn defers(&mut self, batch: &mut Vec<(Entry, Option<RequestId>)>) -> bool {
        let Some(at) = self.missed.newest() else { return false };
        if self.missed.hold(batch) {
            self.executor = Executor::new(M::default(), Snapshot::default());
            match self.disk.open_snapshot() {
                Ok(source) => self.work(Kind::Restore(Box::new(source), at)),
                Err(why) => self.end_life(Reason::Disk(why)),
            }
        }
        true
    }

    pub(crate) fn on_restored(&mut self, machine: Result<M, String>, at: Snapshot) {
        // Another snapshot was adopted meanwhile: that one is restored when there is something to execute.
        if self.missed.newest() != Some(at) {
            return;
        }
        match machine {
            Ok(machine) => self.executor = Executor::new(machine, at),
            Err(why) => {
                let why = format!("the snapshot received cannot be used: {why}");
                return self.end_life(Reason::Disk(why));
            }
        }
        self.changed = true;
        let held = self.missed.take_held();
        self.apply(held);
    }

    pub(crate) fn work(&mut self, work: Kind<D, M>) {
        self.outputs.push_back(Output::Work(Work(work)));
    }
}
