//! A log that does at once what it is told, and holds the core to the contract of a real one.

use understudy_protocol::{
    Entry, Epoch, HardState, Incarnation, Index, Life, Position, Recovered, Snapshot, SnapshotPart,
};

pub struct Disk {
    pub state: HardState,
    pub snapshot: Snapshot,
    /// Every entry behind the snapshot.
    pub entries: Vec<Entry>,
    /// The part of a snapshot that is expected next, and of which.
    incoming: Option<(Snapshot, u64)>,
    pub life: Life,
}

impl Disk {
    pub fn new() -> Self {
        Disk {
            state: HardState::default(),
            snapshot: Snapshot::default(),
            entries: Vec::new(),
            incoming: None,
            life: 0,
        }
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

    pub fn recover(&mut self) -> Recovered {
        self.life += 1;
        self.incoming = None;
        let (_, mut runs) = self.runs();
        let base = self.snapshot.position;
        runs.retain(|(_, last)| *last > base.index);
        Recovered {
            incarnation: Incarnation(0xa),
            life: self.life,
            state: self.state.clone(),
            commit: 0,
            snapshot: self.snapshot,
            first: base.index + 1,
            pieces: Vec::new(),
            runs,
            clean: true,
            entries: self.entries.clone(),
        }
    }

    pub fn append(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            assert!(entry.follows(self.last()), "entry {} is to be appended", entry.index);
            self.entries.push(entry);
        }
    }

    pub fn truncate(&mut self, after: Index) {
        assert!(after >= self.snapshot.position.index, "the log is to be cut in its snapshot");
        self.entries.retain(|entry| entry.index <= after);
    }

    pub fn save(&mut self, state: HardState) {
        assert!(state.epoch >= self.state.epoch, "epochs never go back");
        self.state = state;
    }

    /// Takes on a snapshot of the machine behind this entry.
    pub fn adopt(&mut self, index: Index) -> Option<Position> {
        let entry = self.entries.iter().find(|entry| entry.index == index)?;
        self.snapshot = Snapshot {
            position: entry.position(),
            time: entry.time,
            settings: self.snapshot.settings,
        };
        self.entries.retain(|entry| entry.index > index);
        Some(self.snapshot.position)
    }

    /// The snapshot that was stored beside the log is the newest one.
    pub fn take_on(&mut self, position: Position) {
        assert!(position.index > self.snapshot.position.index, "it is to be a newer one");
        assert_eq!(self.position(position.index), position, "and of this log");
        self.adopt(position.index);
    }

    /// Bytes stored, or `None` where the process must end.
    pub fn store(&mut self, part: &SnapshotPart) -> Option<u64> {
        let index = part.snapshot.position.index;
        let replaces = part.beside || index >= self.state.commit;
        assert!(replaces, "a snapshot is to replace what is committed");
        let expected = match self.incoming {
            Some((snapshot, taken)) if snapshot == part.snapshot && part.offset > 0 => taken,
            _ => 0,
        };
        if part.offset != expected {
            return (!part.last).then_some(expected);
        }
        let taken = expected + part.data.len() as u64;
        self.incoming = Some((part.snapshot, taken));
        if part.last && !part.beside {
            (self.snapshot, self.incoming) = (part.snapshot, None);
            self.entries.clear();
        }
        Some(taken)
    }
}
