//! Snapshots of this replica: frozen after an entry, written meanwhile, adopted once they are committed.

use std::io;

use understudy_evidence::correct;
use understudy_machine::Machine;
use understudy_protocol::Event;
use understudy_wal::{Disk, Finished, WriteError, is_full};

use crate::work::Kind;
use crate::{Host, Level, Output, Waiter};

impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    /// Has a snapshot written once that many bytes were executed since the last one.
    pub(crate) fn save_when_due(&mut self, every: u64) {
        let Some(frozen) = self.executor.due(every) else { return };
        match self.disk.snapshot_writer(self.executor.at) {
            Ok(writer) => self.work(Kind::Save(frozen, Box::new(writer))),
            Err(error) => self.fail(&error),
        }
    }

    pub(crate) fn on_saved(&mut self, saved: io::Result<Finished<D>>) {
        match saved {
            Ok(finished) => {
                self.executor.let_go();
                self.saved = Some(finished);
                self.adopt_saved();
            }
            Err(error) => {
                self.executor.given_up();
                self.note(Level::Warn, format!("no snapshot: {error}; the log is kept"));
                if is_full(&error) {
                    let given_up = self.disk.make_room();
                    self.after_write(given_up.map(|()| None));
                    self.report_room();
                }
            }
        }
    }

    /// A snapshot stands for the log once everything in it is committed, which in `async` mode it may
    /// not be yet.
    pub(crate) fn adopt_saved(&mut self) {
        let commit = self.replica.commit();
        let waiting = self.saved.take_if(|saved| {
            let is_committed = saved.snapshot().position.index <= commit;
            correct!(is_committed, "snapshot-of-the-tail" => true)
        });
        let Some(finished) = waiting else { return };
        match self.disk.adopt(finished) {
            Ok(position) => {
                self.executor.saved();
                self.outputs.push_back(Output::SnapshotSaved(position));
                self.events.push_back(Event::SnapshotMade(position));
            }
            Err(WriteError::NoSpace) => {
                self.executor.given_up();
                let note = "no room for a snapshot; the log is kept";
                self.note(Level::Warn, note.into());
            }
            Err(error) => self.fail(&error),
        }
    }
}
