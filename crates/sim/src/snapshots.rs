//! The driver's snapshots: frozen at an applied entry, written meanwhile, adopted later.

use std::io;

use understudy_evidence::mutant;
use understudy_machine::{Frozen, Machine};
use understudy_protocol::{Event, Snapshot};
use understudy_wal::sim::SimDisk;
use understudy_wal::{Finished, Store, is_full};

use crate::clock::MILLISECOND;
use crate::happening::{HostId, Input, Run};
use crate::world::World;

/// How long one takes to be written, nanoseconds.
pub(crate) const WRITING: (u64, u64) = (1_000_000, 200_000_000);

impl World {
    /// Begins one when enough was executed since the last.
    pub(crate) fn begin_snapshot(&mut self, host: HostId, run: Run) {
        let every = self.hosts[host].snapshot_every;
        let delay = self.span(WRITING);
        let Some(process) = self.hosts[host].running(run) else { return };
        if process.applied.position.index >= process.snapshot_at + every || process.renew {
            self.freeze(host, run, delay);
        }
    }

    /// Begins one, unless there is one, or nothing was executed since the last.
    pub(crate) fn freeze(&mut self, host: HostId, run: Run, delay: u64) {
        let Some(process) = self.hosts[host].running(run) else { return };
        let news = process.applied.position.index > process.snapshot_at || process.renew;
        if process.snapshot.is_some() || !news {
            return;
        }
        let frozen = process.machine.freeze();
        match write(&mut process.store, &frozen, process.applied) {
            Ok(finished) => {
                process.snapshot = Some((process.applied.position, finished));
                process.renew = false;
                self.input_after(delay, host, run, Input::SnapshotWritten);
            }
            // Tried again after the next batch, as the service would.
            Err(error) => {
                let full = is_full(&error);
                let made = if full { process.store.make_room() } else { Ok(()) };
                self.counts.add("snapshot that failed");
                match made {
                    Ok(()) => self.tell_room(host, run),
                    Err(error) => self.end_life(host, error.to_string()),
                }
            }
        }
    }

    /// The snapshot is written: it may stand for the log before it.
    pub(crate) fn adopt_snapshot(&mut self, host: HostId, run: Run) {
        let Some(process) = self.hosts[host].running(run) else { return };
        // One that came from the primary meanwhile has taken its place.
        let Some((position, finished)) = process.snapshot.take() else { return };
        if position.index > process.replica.commit() && !mutant!("snapshot-of-the-tail") {
            // It may stand for the log once everything in it is committed.
            process.snapshot = Some((position, finished));
            return self.input_after(MILLISECOND, host, run, Input::SnapshotWritten);
        }
        match process.store.adopt(finished) {
            Ok(_) => {
                process.snapshot_at = position.index;
                self.counts.add("snapshot taken");
                self.feed(host, run, Event::SnapshotMade(position));
            }
            Err(error) => self.end_life(host, error.to_string()),
        }
    }
}

fn write(
    store: &mut Store<SimDisk>,
    frozen: &impl Frozen,
    snapshot: Snapshot,
) -> io::Result<Finished<SimDisk>> {
    let mut writer = store.snapshot_writer(snapshot).map_err(io::Error::other)?;
    frozen.write(&mut writer)?;
    writer.finish()
}
