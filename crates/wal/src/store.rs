//! One open data directory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use understudy_evidence::correct;
use understudy_protocol::{
    Entry, HardState, Incarnation, Index, Life, Position, Room, Snapshot, SnapshotPart,
};

use crate::ballast::Ballast;
use crate::chunk::{SnapshotChunk, Stored};
use crate::disk::Disk;
use crate::error::{OpenError, ReadError, WriteError};
use crate::log::Log;
use crate::options::Options;
use crate::slots::Slots;
use crate::snapshot::{
    Finished, Incoming, SnapshotFile, SnapshotHeader, SnapshotReader, SnapshotWriter,
};

/// One open data directory: log, hard state and the newest snapshot.
///
/// After [`WriteError::Io`] it refuses every further write with [`WriteError::Poisoned`]: a failed
/// sync must not be tried again, since the operating system may have forgotten what it did not
/// write. The next life finds out what is there.
pub struct Store<D: Disk> {
    pub(crate) disk: D,
    pub(crate) _lock: D::Lock,
    pub(crate) incarnation: Incarnation,
    pub(crate) clean: bool,
    pub(crate) slots: Slots<D::File>,
    pub(crate) log: Log<D>,
    pub(crate) generation: u64,
    pub(crate) snapshot: Option<SnapshotFile<D::File>>,
    pub(crate) incoming: Option<Incoming<D>>,
    /// One that has come in the background, to its last part.
    pub(crate) received: Option<Incoming<D>>,
    pub(crate) poison: Option<String>,
    pub(crate) writers: AtomicU32,
    pub(crate) options: Options,
    pub(crate) ballast: Ballast<D>,
    /// What it should hold, as of the last look.
    pub(crate) wanted: u64,
    /// What a snapshot of the machine takes at most, and up to where it has executed.
    pub(crate) machine: Option<(Index, u64)>,
    /// How often room was looked for in vain while it was scarce.
    pub(crate) scarce: u32,
    /// Bytes logged since the newest snapshot for which the ballast keeps room.
    pub(crate) covered: u64,
    pub(crate) room: Room,
    /// Shared by all that is being written of a snapshot.
    pub(crate) writing: Arc<()>,
    /// Tails set aside in this life, and their entries in all lives.
    pub(crate) cut_files: u32,
    pub(crate) cut_entries: u64,
}

impl<D: Disk> Store<D> {
    /// Which copy of the log this is.
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// This life's number.
    pub fn life(&self) -> Life {
        self.slots.newest().life
    }

    /// Whether the life before this one ended with [`Store::close`]. A blank directory counts as
    /// clean: nothing can be missing.
    pub fn was_clean(&self) -> bool {
        self.clean
    }

    /// The end of the log, durable or not.
    pub fn last(&self) -> Position {
        self.log.last()
    }

    /// The end of the newest snapshot; the zero position when there is none.
    pub fn snapshot_position(&self) -> Position {
        self.snapshot.as_ref().map(|s| s.header.snapshot.position).unwrap_or_default()
    }

    /// The log is known to be committed up to here: goes with the entries that are appended from now on, so
    /// that the next life knows it, too.
    pub fn note_commit(&mut self, commit: Index) {
        self.log.commit = self.log.commit.max(commit);
    }

    /// Writes entries after the log's end, all or none; they are durable after the next
    /// [`Store::sync`]. Where the disk is full the ballast is given up for them. With
    /// [`WriteError::NoSpace`] the log is as it was. A batch of nothing but opening entries may use the
    /// reserve.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), WriteError> {
        self.guarded(|store| {
            let appended = store.with_ballast(|store| store.log.append(entries));
            if matches!(appended, Err(WriteError::NoSpace)) {
                store.room = Room::None;
            }
            appended?;
            store.extend_ballast()
        })
    }

    /// Makes everything appended durable, in one sync, and says up to where that is.
    pub fn sync(&mut self) -> Result<Position, WriteError> {
        self.guarded(|store| store.log.sync())
    }

    /// Cuts the log past `after`, durably.
    pub fn truncate(&mut self, after: Index) -> Result<(), WriteError> {
        self.guarded(|store| store.do_truncate(after))
    }

    /// Makes the hard state durable. Needs no new space on the disk. Reasons for a halt longer
    /// than 3,000 bytes are cut.
    pub fn save_state(&mut self, state: &HardState) -> Result<(), WriteError> {
        self.guarded(|store| {
            let floor = store.log.synced();
            store.slots.change(|slot| {
                slot.state = state.clone();
                slot.floor = floor;
            })?;
            store.log.cluster = state.cluster.unwrap_or_default();
            Ok(())
        })
    }

    /// Lets segments go that hold nothing after `through`. Nothing after the newest snapshot
    /// goes, nor the segment that grows.
    pub fn release(&mut self, through: Index) -> Result<(), WriteError> {
        let covered = through.min(self.snapshot_position().index);
        let through = correct!(covered, "log-released-too-far" => self.log.synced());
        self.guarded(|store| {
            store.log.release(through)?;
            store.hold_ballast()
        })
    }

    /// Entries from `from` on and the position before them: at least one, then as many as
    /// fit into `bytes` and lie in one segment.
    pub fn read(&self, from: Index, bytes: usize) -> Result<(Position, Vec<Entry>), ReadError> {
        self.log.read(from, bytes)
    }

    /// A writer for a snapshot of the machine as of that position, to be used on any thread.
    pub fn snapshot_writer(&mut self, snapshot: Snapshot) -> Result<SnapshotWriter<D>, WriteError> {
        let header = self.header(self.generation, snapshot);
        let nth = self.writers.fetch_add(1, Ordering::Relaxed);
        let name = format!("snapshot-{}-{nth}", self.life());
        let writer = self.writer(&name, header);
        // It takes what was kept for it.
        self.guarded(Store::hold_ballast)?;
        Ok(writer)
    }

    /// Makes a finished snapshot the newest one, durably, and removes the one before. One that is
    /// not newer, since another was installed meanwhile, is dropped. Gives the newest position.
    pub fn adopt(&mut self, finished: Finished<D>) -> Result<Position, WriteError> {
        self.guarded(|store| {
            let newest = store.do_adopt(finished)?;
            store.hold_ballast()?;
            Ok(newest)
        })
    }

    /// A piece of the newest snapshot: from `offset` if `position` is that snapshot's, else from
    /// its beginning.
    pub fn read_snapshot(
        &self,
        position: Position,
        offset: u64,
        bytes: usize,
    ) -> Result<SnapshotChunk, ReadError> {
        let file = self.snapshot.as_ref().ok_or(ReadError::NoSnapshot)?;
        let snapshot = file.header.snapshot;
        let offset = if snapshot.position == position { offset } else { 0 };
        let (data, last) = file.read(offset, bytes)?;
        Ok(SnapshotChunk { snapshot, offset, data, last })
    }

    /// Stores a part of a snapshot that another replica sends. Part 0 discards what came before; a
    /// part that is not the expected one is ignored, and the answer says which is. With the last
    /// one the snapshot is checked and takes the place of log and snapshot: after a crash either
    /// all of the old is there or all of the new. One that is sent in the background waits instead, see
    /// [`Store::take_received`].
    pub fn store_part(&mut self, part: &SnapshotPart) -> Result<Stored, WriteError> {
        self.guarded(|store| store.do_store_part(part))
    }

    /// The snapshot whose last part has come in the background: to be finished, on any thread, and then to be
    /// [adopted](Store::adopt) as one of this replica's own.
    pub fn take_received(&mut self) -> Option<Incoming<D>> {
        self.received.take()
    }

    /// The machine's bytes of the newest snapshot.
    pub fn open_snapshot(&self) -> Result<Option<SnapshotReader<D::File>>, OpenError> {
        let Some(snapshot) = &self.snapshot else { return Ok(None) };
        let snapshot = SnapshotFile::open(&self.disk, &snapshot.name)?;
        Ok(Some(SnapshotReader::new(snapshot)))
    }

    /// Ends the life in order: syncs what is left and notes that nothing is missing. The next life
    /// lifts that note, durably, before it opens the log.
    pub fn close(mut self) -> Result<(), WriteError> {
        self.guarded(|store| {
            store.log.sync()?;
            let floor = store.log.synced();
            store.slots.change(|slot| (slot.floor, slot.clean) = (floor, true))
        })
    }

    pub(crate) fn guarded<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        if let Some(why) = &self.poison {
            return Err(WriteError::Poisoned(why.clone()));
        }
        let done = work(self);
        if let Err(error @ WriteError::Io { .. }) = &done {
            self.poison = Some(error.to_string());
        }
        done
    }

    /// First notes that what lies past it counts for nothing, then removes it, then lifts the note:
    /// a crash in between leaves some of the records, and the next life removes them.
    fn do_truncate(&mut self, after: Index) -> Result<(), WriteError> {
        let snapshot = self.snapshot_position().index;
        if after < snapshot {
            return Err(WriteError::BelowSnapshot { after, snapshot });
        }
        if after >= self.log.last().index {
            return Ok(());
        }
        let floor = self.log.synced().min(after);
        correct!(
            self.slots.change(|slot| (slot.cut, slot.floor) = (Some(after), floor)),
            "cut-without-a-note" => Ok(()),
        )?;
        self.log.cut(after)?;
        self.slots.change(|slot| (slot.cut, slot.floor) = (None, after))
    }

    pub(crate) fn header(&self, generation: u64, snapshot: Snapshot) -> SnapshotHeader {
        SnapshotHeader { cluster: self.log.cluster, generation, snapshot }
    }
}
