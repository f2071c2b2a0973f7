//! A directory's life.

use std::collections::BTreeMap;
use std::io::Write;

use arbitrary::Arbitrary;
use understudy_protocol::{
    ClusterId, Entry, HardState, Index, Kind, KnownRecord, Nonce, Position, RegisterUid, Settings,
    Snapshot, SnapshotPart, Time,
};
use understudy_wal::sim::SimDisk;
use understudy_wal::{Options, Store};

/// One deed of the process that owns the directory, or of its machine.
#[derive(Arbitrary, Debug)]
pub enum Act {
    Append { count: u8, bytes: u16, opens: bool },
    Sync,
    Truncate { back: u8 },
    Save { halted: bool, replaying: bool },
    Snapshot { back: u8, bytes: u16 },
    Install { ahead: u8, bytes: u8 },
    Part { ahead: i8, offset: u16, bytes: u8, last: bool },
    Release,
    Close,
    Kill,
    Crash(u64),
}

/// What a directory was told.
pub struct Written {
    pub disk: SimDisk,
    /// Every entry ever appended. An index may have been written again after a cut.
    pub entries: Vec<Entry>,
    /// Every state ever saved.
    pub states: Vec<HardState>,
    /// Every snapshot ever finished: its machine by its position.
    pub snapshots: BTreeMap<Position, Vec<u8>>,
    /// Entries up to here are durable and must come back.
    pub durable: Index,
    pub snapshot: Position,
    epoch: u64,
    state: HardState,
}

/// Small files, so that few entries fill several.
pub fn options() -> Options {
    Options {
        segment_bytes: 8 << 10,
        fill_bytes: 1 << 10,
        reserve_bytes: 512,
        spares: 2,
        ..Options::new(0xabc)
    }
}

/// Acts are executed up to here: longer lives show nothing new.
const ACTS: usize = 40;

impl Written {
    /// Lives them, one after the other.
    pub fn by(acts: Vec<Act>) -> Written {
        let mut written = Written {
            disk: SimDisk::new(),
            entries: Vec::new(),
            states: vec![HardState::default()],
            snapshots: BTreeMap::new(),
            durable: 0,
            snapshot: Position::default(),
            epoch: 1,
            state: HardState::default(),
        };
        let mut store = written.open();
        for act in acts.into_iter().take(ACTS) {
            store = written.act(store, act);
        }
        drop(store);
        written.disk.kill();
        written
    }

    fn open(&mut self) -> Store<SimDisk> {
        let (store, recovered) =
            Store::open(self.disk.clone(), options()).expect("nothing is wrong with it yet");
        assert!(store.last().index >= self.durable, "what was durable is there");
        assert_eq!(recovered.state, self.state, "the state is the one saved last");
        self.durable = store.last().index;
        store
    }

    fn act(&mut self, mut store: Store<SimDisk>, act: Act) -> Store<SimDisk> {
        match act {
            Act::Append { count, bytes, opens } => self.append(&mut store, count, bytes, opens),
            Act::Sync => self.durable = store.sync().expect("the disk works").index,
            Act::Truncate { back } => {
                let after = store.last().index.saturating_sub(back.into());
                let after = after.max(store.snapshot_position().index).max(self.state.commit);
                store.truncate(after).expect("the disk works");
                self.durable = self.durable.min(after);
            }
            Act::Save { halted, replaying } => self.save(&mut store, halted, replaying),
            Act::Snapshot { back, bytes } => self.freeze(&mut store, back, bytes),
            Act::Install { ahead, bytes } => {
                let data = vec![ahead; usize::from(bytes) * 700];
                let position = self.ahead(&store, i64::from(ahead) + 1);
                for (nth, piece) in data.chunks(50_000).enumerate() {
                    let (offset, end) = (nth * 50_000, nth * 50_000 + piece.len());
                    let last = end == data.len();
                    self.part(&mut store, position, offset as u64, piece.to_vec(), last);
                }
            }
            Act::Part { ahead, offset, bytes, last } => {
                let position = self.ahead(&store, ahead.into());
                self.part(&mut store, position, offset.into(), vec![bytes; bytes.into()], last);
            }
            Act::Release => store.release(self.snapshot.index).expect("the disk works"),
            Act::Close => {
                self.durable = store.last().index;
                store.close().expect("the disk works");
                return self.open();
            }
            Act::Kill => {
                drop(store);
                self.disk.kill();
                return self.open();
            }
            Act::Crash(seed) => {
                drop(store);
                self.disk.crash(seed);
                return self.open();
            }
        }
        store
    }

    fn append(&mut self, store: &mut Store<SimDisk>, count: u8, bytes: u16, opens: bool) {
        self.epoch += u64::from(opens);
        let mut batch: Vec<Entry> = Vec::new();
        let mut last = store.last();
        for nth in 0..1 + u64::from(count % 16) {
            let kind = if opens && nth == 0 { Kind::Open } else { Kind::Command };
            let payload = vec![nth as u8; usize::from(bytes % 3000)].into();
            let epoch = self.epoch.max(last.epoch);
            let entry = Entry::after(last, epoch, Time { wall: nth, elapsed: nth }, kind, payload);
            last = entry.position();
            batch.push(entry);
        }
        store.append(&batch).expect("the disk has no limit");
        self.entries.extend(batch);
    }

    fn save(&mut self, store: &mut Store<SimDisk>, halted: bool, replaying: bool) {
        self.state = HardState {
            cluster: Some(ClusterId(0xc1)),
            register: Some(RegisterUid(7)),
            epoch: self.epoch,
            commit: self.durable,
            records: (0..self.durable % 17)
                .map(|n| KnownRecord { epoch: n, nonce: Nonce(n.into()), begins: n })
                .collect(),
            ordered: self.epoch,
            replaying,
            halted: halted.then(|| "a reason".into()),
        };
        self.states.push(self.state.clone());
        store.save_state(&self.state).expect("the disk works");
    }

    fn freeze(&mut self, store: &mut Store<SimDisk>, back: u8, bytes: u16) {
        let index = self.durable.saturating_sub(back.into());
        if index <= store.snapshot_position().index {
            return;
        }
        let Ok((_, entries)) = store.read(index, 1) else { return };
        let snapshot = snapshot(entries[0].position());
        let machine = vec![back; usize::from(bytes) * 3];
        let mut writer = store.snapshot_writer(snapshot).expect("the disk works");
        writer.write_all(&machine).expect("the disk has no limit");
        let finished = writer.finish().expect("the disk works");
        self.snapshot = store.adopt(finished).expect("the disk works");
        self.snapshots.insert(snapshot.position, machine);
    }

    /// A position that another replica's snapshot could have.
    fn ahead(&self, store: &Store<SimDisk>, ahead: i64) -> Position {
        let index = store.last().index.saturating_add_signed(ahead);
        Position { index, epoch: self.epoch, hash: index ^ 0x5a }
    }

    fn part(
        &mut self,
        store: &mut Store<SimDisk>,
        position: Position,
        offset: u64,
        data: Vec<u8>,
        last: bool,
    ) {
        let snapshot = snapshot(position);
        let part =
            SnapshotPart { epoch: 9, snapshot, offset, data: data.into(), last, background: false };
        // An error says that it does not fit, and the store goes on.
        let Ok(stored) = store.store_part(&part) else { return };
        if stored.installed {
            let mut machine = Vec::new();
            let mut reader = store.open_snapshot().expect("it is whole").expect("it is there");
            std::io::Read::read_to_end(&mut reader, &mut machine).expect("it is whole");
            assert_eq!(machine.len() as u64, stored.offset);
            self.snapshots.insert(position, machine);
            self.snapshot = position;
            self.durable = position.index;
        }
    }
}

fn snapshot(position: Position) -> Snapshot {
    let settings = Settings { sync_backups: 2, min_copies: 2, ..Settings::default() };
    Snapshot { position, time: Time { wall: 5, elapsed: 6 }, settings }
}
