//! A backup that executes nothing: the primary's snapshots come beside the log, and the machine sleeps until
//! it has something to execute. It is made from the newest snapshot then, on a thread of its own, so that the
//! loop says meanwhile that it lives.

use std::io;

use understudy_protocol::{ConnId, Entry, Event, Position, RequestId, Snapshot};
use understudy_wal::{Finished, RealDisk, WriteError};

use super::Driver;
use super::executor::Executor;
use crate::inbox::{Input, Outlet};

/// What the machine has slept through, and what it is to execute when it is awake.
#[derive(Default)]
pub(super) struct Sleep {
    /// A snapshot that came beside the log and is whole.
    received: Option<Finished<RealDisk>>,
    /// The machine is behind this one.
    behind: Option<Snapshot>,
    /// The thread that makes it runs.
    waking: bool,
    /// The one that slept is gone: there is no memory for two.
    absent: bool,
    /// One batch at most is under way.
    held: Vec<(Entry, Option<RequestId>)>,
}

/// A snapshot that came beside the log, made whole by its thread.
pub(crate) struct Received {
    conn: ConnId,
    position: Position,
    offset: u64,
    finished: Result<Finished<RealDisk>, WriteError>,
}

impl Driver {
    /// The last part of a snapshot beside the log is stored: a thread makes it whole.
    pub(super) fn finish_received(&mut self, conn: ConnId, position: Position, offset: u64) {
        let Some(incoming) = self.disk.take_received() else {
            return self.declined(conn, position);
        };
        work("received", self.outlet.clone(), move || {
            let finished = incoming.finish();
            Input::Received(Box::new(Received { conn, position, offset, finished }))
        });
    }

    pub(super) fn on_received(&mut self, received: Received) {
        let Received { conn, position, offset, finished } = received;
        match finished {
            Ok(finished) => {
                self.sleep.received = Some(finished);
                self.pending.push_back(Event::SnapshotStored { conn, position, offset });
            }
            Err(error) => {
                self.note(&format!("the primary's snapshot is not kept: {error}"));
                self.declined(conn, position);
            }
        }
    }

    /// Nothing of a snapshot that came beside the log is kept.
    pub(super) fn declined(&mut self, conn: ConnId, position: Position) {
        self.pending.push_back(Event::SnapshotStored { conn, position, offset: 0 });
    }

    /// The snapshot that came beside the log is the newest one, and what the machine has to be.
    pub(super) fn take_on(&mut self, position: Position) {
        let Some(finished) = self.sleep.received.take() else {
            return self.end_life(
                "a snapshot is to be taken on that is not here: a bug, please report it",
            );
        };
        let snapshot = finished.snapshot();
        match self.disk.adopt(finished) {
            Ok(newest) if newest == position => {}
            Ok(_) => return self.end_life("a snapshot is taken on that is not the newest"),
            Err(error) => return self.end_life(error.to_string()),
        }
        self.metrics.snapshots.inc();
        self.sleep =
            Sleep { behind: Some(snapshot), absent: self.sleep.absent, ..Sleep::default() };
        self.stale = true;
    }

    /// The machine is another one than the one that slept.
    pub(super) fn awake(&mut self) {
        self.sleep = Sleep::default();
    }

    /// Whether there is no machine to read now.
    pub(super) fn is_absent(&self) -> bool {
        self.sleep.absent
    }

    /// Whether a batch has to wait for a machine that sleeps; wakes it.
    pub(super) fn holds(&mut self, batch: &mut Vec<(Entry, Option<RequestId>)>) -> bool {
        let Some(at) = self.sleep.behind else { return false };
        self.sleep.held.append(batch);
        if !std::mem::replace(&mut self.sleep.waking, true) {
            self.sleep.absent = true;
            self.executor = Executor::empty();
            match self.disk.open_snapshot() {
                Ok(source) => work("thaw", self.outlet.clone(), move || {
                    let thawed = Executor::thaw(source, at).map_err(|error| error.to_string());
                    Input::Thawed(Box::new(thawed))
                }),
                Err(why) => self.end_life(why),
            }
        }
        true
    }

    pub(super) fn on_thawed(&mut self, thawed: Result<Executor, String>) {
        let executor = match thawed {
            // Another snapshot was taken on meanwhile: it is thawed when there is something to execute.
            Ok(executor) if self.sleep.behind != Some(executor.at) => return,
            Ok(executor) => executor,
            Err(why) => {
                return self.end_life(format!("the snapshot received cannot be used: {why}"));
            }
        };
        self.executor = executor;
        self.stale = true;
        let held = std::mem::take(&mut self.sleep).held;
        self.apply(held);
    }
}

/// Runs something that takes long on a thread of its own. A loop that is gone needs no answer.
fn work(name: &str, outlet: Outlet, work: impl FnOnce() -> Input + Send + 'static) {
    let run = move || {
        let _ = outlet.blocking_send(work());
    };
    let thread: io::Result<_> = std::thread::Builder::new().name(name.into()).spawn(run);
    if let Err(error) = thread {
        tracing::error!("cannot start the {name} thread: {error}");
    }
}
