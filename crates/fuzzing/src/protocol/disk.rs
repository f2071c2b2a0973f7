//! What the disk is asked to hold, noted beside it: the core is held to the contract of a real one.

use understudy_protocol::{
    Entry, Epoch, HardState, Index, OnDisk, Position, Snapshot, SnapshotPart,
};

pub struct Disk {
    state: HardState,
    snapshot: Snapshot,
    /// Every entry after the snapshot.
    entries: Vec<Entry>,
}

impl Disk {
    pub fn new() -> Self {
        Disk { state: HardState::default(), snapshot: Snapshot::default(), entries: Vec::new() }
    }

    pub fn last(&self) -> Position {
        self.entries.last().map_or(self.snapshot.position, Entry::position)
    }

    /// The position of this index, or one that nobody has.
    pub fn position(&self, index: Index) -> Position {
        let base = self.snapshot.position;
        if index == base.index {
            return base;
        }
        let nth = index.checked_sub(base.index).and_then(|n| usize::try_from(n - 1).ok());
        let entry = nth.and_then(|nth| self.entries.get(nth));
        entry.map_or(Position { index, epoch: 1, hash: 0 }, Entry::position)
    }

    /// As a hello tells them.
    pub fn runs(&self) -> (Index, Vec<(Epoch, Index)>) {
        let base = self.snapshot.position;
        let mut runs: Vec<(Epoch, Index)> = Vec::new();
        if base.index > 0 {
            runs.push((base.epoch, base.index));
        }
        for entry in &self.entries {
            match runs.last_mut() {
                Some(run) if run.0 == entry.epoch => run.1 = entry.index,
                _ => runs.push((entry.epoch, entry.index)),
            }
        }
        (base.index.max(1), runs)
    }

    /// Another life begins.
    pub fn begin(&mut self, state: HardState) {
        self.state = state;
    }

    /// This is about to be carried out.
    pub fn asked(&mut self, asked: OnDisk<'_>) {
        match asked {
            OnDisk::Append(entries) => self.append(entries),
            OnDisk::Truncate(after) => {
                let base = self.snapshot.position.index;
                assert!(after >= base, "the log is to be cut in its snapshot");
                self.entries.retain(|entry| entry.index <= after);
            }
            OnDisk::SaveState(state) => {
                assert!(state.epoch >= self.state.epoch, "epochs never go back");
                self.state = state.clone();
            }
            OnDisk::SetAside(entries) => assert!(!entries.is_empty()),
            OnDisk::StoreSnapshot(part) => self.store(part),
            OnDisk::AdoptSnapshot(position) => {
                assert!(position.index > self.snapshot.position.index, "it is to be a newer one");
                assert_eq!(self.position(position.index), position, "and of this log");
            }
            OnDisk::ReadLog(..) | OnDisk::ReadSnapshot(..) | OnDisk::Release(_) => {}
        }
    }

    fn append(&mut self, entries: &[Entry]) {
        for entry in entries {
            assert!(entry.follows(self.last()), "entry {} is to be appended", entry.index);
            self.entries.push(entry.clone());
        }
    }

    fn store(&self, part: &SnapshotPart) {
        let index = part.snapshot.position.index;
        let replaces = part.background || index >= self.state.commit;
        assert!(replaces, "a snapshot is to replace what is committed");
    }

    /// A snapshot up to here is the newest one.
    pub fn adopt(&mut self, position: Position) {
        let Some(entry) = self.entries.iter().find(|entry| entry.index == position.index) else {
            return;
        };
        let (position, time) = (entry.position(), entry.time);
        self.snapshot = Snapshot { position, time, settings: self.snapshot.settings };
        self.entries.retain(|entry| entry.index > position.index);
    }

    /// A snapshot has taken the log's place.
    pub fn install(&mut self, snapshot: Snapshot) {
        self.snapshot = snapshot;
        self.entries.clear();
    }
}
