//! The data directory, and what waits while it is full.

use understudy_evidence::correct;
use understudy_protocol::{
    ConnId, Effect, Entry, Event, HardState, Index, OnDisk, Position, Room, Snapshot, SnapshotPart,
};
use understudy_wal::{
    Disk, Finished, Incoming, SnapshotReader, SnapshotWriter, Store, Stored, WriteError,
};

/// The open store, and what a full disk keeps waiting.
pub(crate) struct DataDisk<D: Disk> {
    store: Store<D>,
    /// Entries that found no room, in order: the protocol counts them as not yet durable.
    backlog: Vec<Entry>,
    /// Bytes appended since the last sync.
    unsynced: usize,
}

impl<D: Disk> DataDisk<D> {
    pub fn new(store: Store<D>) -> Self {
        DataDisk { store, backlog: Vec::new(), unsynced: 0 }
    }

    pub fn store(&self) -> &Store<D> {
        &self.store
    }

    /// Entries that wait for room.
    pub fn backlog(&self) -> &[Entry] {
        &self.backlog
    }

    /// Bytes that the next sync makes durable, about.
    pub fn unsynced(&self) -> usize {
        self.unsynced
    }

    /// What room there is, as far as was noticed.
    pub fn room(&self) -> Room {
        if self.backlog.is_empty() { self.store.room() } else { Room::None }
    }

    /// The machine, which has executed up to `index`, fits into a snapshot of `bytes`.
    pub fn expect_snapshot(&mut self, index: Index, bytes: u64) {
        self.store.expect_snapshot(index, bytes);
    }

    /// A snapshot found no room: what is kept for it is free from now on.
    pub fn make_room(&mut self) -> Result<(), WriteError> {
        self.store.make_room()
    }

    /// The end of the newest snapshot.
    pub fn snapshot_index(&self) -> Index {
        self.store.snapshot_position().index
    }

    /// Writes entries after the log's end. What finds no room waits for it.
    pub fn append(&mut self, entries: Vec<Entry>) -> Result<(), WriteError> {
        if !self.backlog.is_empty() {
            self.backlog.extend(entries);
            return Ok(());
        }
        match self.store.append(&entries) {
            Ok(()) => {
                self.unsynced += entries.iter().map(Entry::weight).sum::<usize>();
                Ok(())
            }
            Err(WriteError::NoSpace) => {
                self.backlog = entries;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// The log is committed up to here: goes with the entries that are written from now on.
    pub fn note_commit(&mut self, commit: Index) {
        self.store.note_commit(commit);
    }

    /// Tries again what found no room.
    pub fn retry(&mut self) -> Result<(), WriteError> {
        if self.room() == Room::Ample || self.store.look_for_room()? == Room::None {
            return Ok(());
        }
        let entries = std::mem::take(&mut self.backlog);
        self.append(correct!(entries, "backlog-is-dropped" => Vec::new()))
    }

    /// Whether [`DataDisk::sync`] has something to do.
    pub fn is_dirty(&self) -> bool {
        self.unsynced > 0
    }

    /// Makes everything written durable.
    pub fn sync(&mut self) -> Result<Option<Event>, WriteError> {
        if std::mem::take(&mut self.unsynced) == 0 {
            return Ok(None);
        }
        Ok(Some(Event::Durable(self.store.sync()?)))
    }

    /// Makes the hard state durable. What it says may rest on entries written before it: they must be synced.
    pub fn save_state(&mut self, state: &HardState) -> Result<(), WriteError> {
        self.store.save_state(state)
    }

    /// Writes entries that are about to be cut into a file of their own, durably; gives its name.
    pub fn set_aside(&mut self, entries: &[Entry]) -> Result<String, WriteError> {
        self.store.set_aside_tail(entries)
    }

    pub fn truncate(&mut self, after: Index) -> Result<(), WriteError> {
        self.backlog.retain(|entry| entry.index <= after);
        if after < self.store.last().index { self.store.truncate(after) } else { Ok(()) }
    }

    pub fn release(&mut self, through: Index) -> Result<(), WriteError> {
        self.store.release(through)
    }

    /// Entries for a follower that the protocol's memory no longer reaches.
    pub fn read_log(&self, conn: ConnId, from: Index, bytes: usize) -> Event {
        match self.store.read(from, bytes) {
            Ok((previous, entries)) => Event::LogRead { conn, previous, entries: Ok(entries) },
            Err(error) => Event::LogRead {
                conn,
                previous: Position::default(),
                entries: Err(error.to_string()),
            },
        }
    }

    /// A piece of the newest snapshot for a follower; the stream must end where there is none.
    pub fn read_snapshot(
        &self,
        conn: ConnId,
        position: Position,
        offset: u64,
        bytes: usize,
    ) -> Result<Event, String> {
        let chunk =
            self.store.read_snapshot(position, offset, bytes).map_err(|error| error.to_string())?;
        let (snapshot, offset) = (chunk.snapshot, chunk.offset);
        Ok(Event::SnapshotRead { conn, snapshot, offset, data: chunk.data, last: chunk.last })
    }

    /// Stores a piece of the primary's snapshot.
    pub fn store_part(&mut self, part: &SnapshotPart) -> Result<Stored, WriteError> {
        let stored = self.store.store_part(part)?;
        if stored.installed {
            self.backlog.clear();
            self.unsynced = 0;
        }
        Ok(stored)
    }

    /// A snapshot that came in the background, to its last part.
    pub fn take_received(&mut self) -> Option<Incoming<D>> {
        self.store.take_received()
    }

    /// The machine's bytes of the newest snapshot.
    pub fn open_snapshot(&self) -> Result<Option<SnapshotReader<D::File>>, String> {
        self.store.open_snapshot().map_err(|error| error.to_string())
    }

    /// Takes on a snapshot that the thread has written.
    pub fn adopt(&mut self, finished: Finished<D>) -> Result<Position, WriteError> {
        self.store.adopt(finished)
    }

    /// A writer for a snapshot of the machine, to be used on any thread.
    pub fn snapshot_writer(&mut self, snapshot: Snapshot) -> Result<SnapshotWriter<D>, WriteError> {
        self.store.snapshot_writer(snapshot)
    }

    /// Leaves the mark of an orderly end. Gives whether it could: not where entries wait for room.
    pub fn close(self) -> Result<bool, WriteError> {
        match self.backlog.is_empty() {
            true => self.store.close().map(|()| true),
            false => Ok(false),
        }
    }
}

/// Whether an effect rests on what was written before it, and takes as long as the disk does.
pub(crate) fn must_be_synced(effect: &Effect) -> bool {
    effect.on_disk().is_some_and(|on_disk| match on_disk {
        OnDisk::SaveState(_) | OnDisk::SetAside(_) | OnDisk::Truncate(_) => true,
        OnDisk::Append(_)
        | OnDisk::ReadLog(..)
        | OnDisk::ReadSnapshot(..)
        | OnDisk::StoreSnapshot(_)
        | OnDisk::AdoptSnapshot(_)
        | OnDisk::Release(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use understudy_protocol::{Kind, Time};
    use understudy_wal::Options;
    use understudy_wal::sim::SimDisk;

    use super::*;

    fn entries(after: Position, count: usize) -> Vec<Entry> {
        let mut last = after;
        let entry = || {
            let payload = vec![7; 10_000].into();
            let entry = Entry::after(last, 1, Time::default(), Kind::Command, payload);
            last = entry.position();
            entry
        };
        std::iter::repeat_with(entry).take(count).collect()
    }

    #[test]
    fn what_finds_no_room_waits_for_it_in_order() {
        let sim = SimDisk::new();
        let options = Options { segment_bytes: 64 << 10, ballast_bytes: 0, ..Options::new(1) };
        let (store, recovered) = Store::open(sim.clone(), options).unwrap();
        let mut disk = DataDisk::new(store);
        let all = entries(recovered.snapshot.position, 60);
        sim.set_capacity(Some(sim.used() + 300_000));
        let mut durable = Position::default();
        for batch in all.chunks(6) {
            disk.append(batch.to_vec()).unwrap();
            if let Some(Event::Durable(position)) = disk.sync().unwrap() {
                durable = position;
            }
        }
        assert!(disk.room() == Room::None && durable.index < 60, "{durable:?}");
        disk.retry().unwrap();
        assert!(disk.room() == Room::None && !disk.is_dirty());

        // The tail may still be cut, also within what waits.
        disk.truncate(58).unwrap();
        sim.set_capacity(None);
        disk.retry().unwrap();
        assert!(disk.room() == Room::Ample && disk.is_dirty());
        assert_eq!(disk.sync().unwrap(), Some(Event::Durable(all[57].position())));
    }

    #[test]
    fn a_full_disk_has_room_when_the_store_finds_it_not_when_nothing_waits() {
        let sim = SimDisk::new();
        let options = Options { segment_bytes: 64 << 10, ballast_bytes: 0, ..Options::new(1) };
        let (store, recovered) = Store::open(sim.clone(), options).unwrap();
        let mut disk = DataDisk::new(store);
        sim.set_capacity(Some(sim.used()));
        let mut all = entries(recovered.snapshot.position, 60).into_iter();
        while disk.room() != Room::None {
            disk.append(vec![all.next().unwrap()]).unwrap();
        }
        disk.truncate(disk.store.last().index).unwrap();
        assert!(disk.backlog.is_empty() && disk.room() == Room::None);
        disk.retry().unwrap();
        assert_eq!(disk.room(), Room::None, "the disk is as full as before");
        sim.set_capacity(None);
        disk.retry().unwrap();
        assert_eq!(disk.room(), Room::Ample);
    }

    #[test]
    fn the_hard_state_rests_on_synced_entries() {
        let sim = SimDisk::new();
        let (store, _) = Store::open(sim.clone(), Options::new(1)).unwrap();
        let mut disk = DataDisk::new(store);
        let all = entries(Position::default(), 3);
        disk.append(all.clone()).unwrap();
        let state = HardState { commit: 3, ..HardState::default() };
        assert_eq!(disk.sync().unwrap(), Some(Event::Durable(all[2].position())));
        disk.save_state(&state).unwrap();
        drop(disk);
        sim.crash(7);
        let (_, recovered) = Store::open(sim, Options::new(1)).unwrap();
        assert_eq!(recovered.entries, all);
    }
}
