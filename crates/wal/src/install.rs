//! Puts snapshots in place: its own in addition to the log, another replica's instead of it.

use std::sync::atomic::Ordering;

use understudy_protocol::{Position, Snapshot, SnapshotPart};

use crate::chunk::Stored;
use crate::disk::Disk;
use crate::error::{ReadError, WriteError};
use crate::listing::snapshot_name;
use crate::snapshot::{Finished, Incoming, SnapshotFile, SnapshotHeader};
use crate::store::Store;

impl<D: Disk> Store<D> {
    pub(crate) fn do_adopt(&mut self, finished: Finished<D>) -> Result<Position, WriteError> {
        let newest = self.snapshot_position();
        let SnapshotHeader { snapshot: Snapshot { position, .. }, generation, .. } =
            finished.header;
        if generation != self.generation || position.index <= newest.index {
            return Ok(newest);
        }
        match self.log.position(position.index) {
            Ok(here) if here == position => {}
            Ok(_) | Err(ReadError::Released { .. } | ReadError::Beyond { .. }) => {
                return Err(WriteError::NotInLog(position.index));
            }
            Err(unreadable) => {
                let what = format!("read entry {} of the log", position.index);
                return Err(WriteError::io(what)(std::io::Error::other(unreadable)));
            }
        }
        if self.log.synced() < position.index {
            self.log.sync()?;
        }
        self.put_in_place(finished)?;
        Ok(position)
    }

    /// The rename is the moment that decides.
    fn put_in_place(&mut self, finished: Finished<D>) -> Result<(), WriteError> {
        let SnapshotHeader { snapshot: Snapshot { position, .. }, generation, .. } =
            finished.header;
        let name = snapshot_name(generation, position.index);
        let io = || WriteError::io(format!("put {name} in place"));
        finished.temporary.keep(&name).map_err(io())?;
        self.disk.sync().map_err(io())?;
        let opened = SnapshotFile::open(&self.disk, &name);
        let newest = opened.map_err(|error| io()(std::io::Error::other(error)))?;
        self.log.note_snapshot(position.index);
        if let Some(older) = self.snapshot.replace(newest) {
            let io = || WriteError::io(format!("remove {}", older.name));
            self.disk.remove(&older.name).map_err(io())?;
            self.disk.sync().map_err(io())?;
        }
        Ok(())
    }

    pub(crate) fn do_store_part(&mut self, part: &SnapshotPart) -> Result<Stored, WriteError> {
        let commit = self.slots.newest().state.commit;
        if part.snapshot.position.index < commit && !part.background {
            return Err(WriteError::BelowCommit { index: part.snapshot.position.index, commit });
        }
        let generation = if part.background { self.generation } else { self.generation + 1 };
        let header = self.header(generation, part.snapshot);
        let mut incoming = match self.incoming.take() {
            Some(incoming) if part.offset > 0 => incoming,
            _ => {
                let nth = self.writers.fetch_add(1, Ordering::Relaxed);
                let name = format!("incoming-{}-{nth}", self.life());
                let incoming = Incoming::new(self.disk.clone(), header, self.writer(&name, header));
                self.hold_ballast()?;
                incoming
            }
        };
        let expected = incoming.expected(header);
        if part.offset != expected {
            self.incoming = Some(incoming);
            return Ok(Stored { offset: expected, installed: false });
        }
        let offset = incoming.take(part)?;
        let installed = part.last && !part.background;
        if installed {
            self.install(incoming.finish()?)?;
        } else if part.last {
            self.received = Some(incoming);
        } else {
            self.incoming = Some(incoming);
        }
        Ok(Stored { offset, installed })
    }

    fn install(&mut self, finished: Finished<D>) -> Result<(), WriteError> {
        let SnapshotHeader { snapshot: Snapshot { position, .. }, generation, .. } =
            finished.header;
        self.put_in_place(finished)?;
        self.generation = generation;
        self.slots.change(|slot| {
            (slot.generation, slot.floor, slot.cut) = (generation, position.index, None);
        })?;
        self.log.replace(position, generation)?;
        // Takes the reserve for an opening entry; without room it is taken when there is some.
        self.log.take_reserve()?;
        self.hold_ballast()
    }
}
