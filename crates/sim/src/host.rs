//! A host: a disk, two clocks, and at times a process.

use std::collections::{BTreeMap, VecDeque};

use understudy_evidence::mutant;
use understudy_machine::{KvMachine, Machine};
use understudy_protocol::{
    Config, Effect, Entry, Epoch, Event, Incarnation, Index, Position, Recovered, Replica,
    RequestId, Room, Snapshot,
};
use understudy_wal::sim::SimDisk;
use understudy_wal::{Finished, OpenError, Options, Store};

use crate::absence::Absence;
use crate::ahead::Early;
use crate::client::{Request, Wish};
use crate::clock::{Clock, MILLISECOND};
use crate::happening::{Input, Run};
use crate::rot::Rot;
use crate::shadow::Shadow;

/// A sync that takes this long is slow, nanoseconds.
pub const SLOW: u64 = 50 * MILLISECOND;

/// Where a replica lives.
pub struct Host {
    /// What the replica is told at each start.
    pub config: Config,
    /// Its clocks.
    pub clock: Clock,
    /// Its disk.
    pub disk: SimDisk,
    /// The replica, while it runs.
    pub process: Option<Process>,
    /// Whether the machine has power; without, dials are silent instead of refused.
    pub powered: bool,
    /// The copy on the disk, once there is one.
    pub incarnation: Option<Incarnation>,
    /// What the disk has promised.
    pub shadow: Shadow,
    /// How far the copy knew its log to be committed when this life began.
    pub known_commit: Index,
    /// The highest epoch that any life of the copy has shown.
    pub epoch: Epoch,
    /// How long a sync takes, nanoseconds: least and most.
    pub sync_delay: (u64, u64),
    /// How long the driver waits for the disk where it must: hard state, cuts of the log.
    pub state_delay: (u64, u64),
    /// Bytes that reach it in a second on one stream; `None` for no limit.
    pub bandwidth: Option<u64>,
    /// A snapshot is taken after so many entries.
    pub snapshot_every: u64,
    /// A byte of the disk that has flipped and was not found yet.
    pub rot: Option<Rot>,
    /// By how much its program's protocol version is newer than that of this code.
    pub version: u32,
    /// Why the last process ended.
    pub ended: Option<String>,
}

/// Who waits for a request of the replica.
#[derive(Clone, Debug)]
pub enum Waiter {
    /// A client.
    Client {
        /// Which.
        client: u64,
        /// Which of its tries.
        attempt: u64,
        /// What for.
        wish: Wish,
        /// When it was sent.
        sent: u64,
    },
    /// The host itself, for time to pass in the log.
    Tick,
}

/// A running replica with all that its driver keeps.
pub struct Process {
    /// Which run.
    pub run: Run,
    /// The protocol.
    pub replica: Replica,
    /// The log.
    pub store: Store<SimDisk>,
    /// The state machine.
    pub machine: KvMachine,
    /// What a snapshot of the machine would stand for now.
    pub applied: Snapshot,
    /// What it has executed ahead of its commit.
    pub early: Early,
    /// Requests given to the replica and not answered.
    pub waiting: BTreeMap<RequestId, Waiter>,
    /// What is still to be carried out of the last step.
    pub effects: VecDeque<Effect>,
    /// The driver waits for the disk; the first of `effects` is what it waits for.
    pub blocked: bool,
    /// A deadline has come while it waited.
    pub late: bool,
    /// Members that the replica last knew of.
    pub members: usize,
    /// Events that are to be fed at once.
    pub todo: VecDeque<Event>,
    /// Stopped by a signal.
    pub paused: bool,
    /// Since when.
    pub paused_at: u64,
    /// What it missed while it was stopped.
    pub absence: Absence,
    /// It halted, with this reason.
    pub halted: Option<String>,
    /// What has arrived meanwhile.
    pub inbox: VecDeque<Input>,
    /// When the replica is woken next.
    pub wake_at: Option<u64>,
    /// Entries that found the disk full: written when there is room, nothing else before them.
    pub backlog: Vec<Entry>,
    /// A sync is under way.
    pub syncing: bool,
    /// Requests that wait to be given to the replica together.
    pub gathered: Vec<Request>,
    /// A tick is in the log.
    pub ticking: bool,
    /// A snapshot is being written, up to this position.
    pub snapshot: Option<(Position, Finished<SimDisk>)>,
    /// One that came beside the log and is whole.
    pub received: Option<(Snapshot, Finished<SimDisk>)>,
    /// No tick is proposed sooner.
    pub tick_not_before: u64,
    /// The newest snapshot cannot be read: another one is wanted at the next entry.
    pub renew: bool,
    /// The index of the newest snapshot.
    pub snapshot_at: u64,
    /// It ends in order and leaves the mark of that.
    pub closes: bool,
    /// What the replica believes of the disk.
    pub room: Room,
    /// No snapshot is made for the room that it gives before this.
    pub save_room_at: u64,
    /// When a wrong version looked last, and the bound of a value that it saw.
    pub viewed: (u64, u64),
    requests: u64,
}

/// Why a process could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The snapshot in it.
    #[error("the snapshot cannot be read: {0}")]
    Snapshot(String),
}

impl Host {
    /// Starts the replica's process: opens the data directory, rebuilds the machine.
    pub fn start(
        &mut self,
        run: Run,
        time: u64,
        fresh_incarnation: u128,
    ) -> Result<Recovered, StartError> {
        let fresh_incarnation = match mutant!("wiped-copy-keeps-its-name") {
            true => self.clock.offset.into(),
            false => fresh_incarnation,
        };
        let options = store_options(fresh_incarnation);
        let (store, recovered) = Store::open(self.disk.clone(), options)?;
        let machine = thaw(&store).map_err(StartError::Snapshot)?;
        let now = self.clock.read(time);
        let replica = Replica::new(self.config.clone(), recovered.clone(), now);
        self.process = Some(Process {
            run,
            replica,
            store,
            machine,
            applied: recovered.snapshot,
            early: Early::new(),
            waiting: BTreeMap::new(),
            effects: VecDeque::new(),
            blocked: false,
            late: false,
            members: 0,
            todo: VecDeque::from([Event::Tick]),
            paused: false,
            paused_at: 0,
            absence: Absence::default(),
            halted: None,
            inbox: VecDeque::new(),
            wake_at: None,
            backlog: Vec::new(),
            syncing: false,
            gathered: Vec::new(),
            ticking: false,
            snapshot: None,
            received: None,
            renew: false,
            tick_not_before: 0,
            closes: false,
            snapshot_at: recovered.snapshot.position.index,
            room: Room::Ample,
            save_room_at: 0,
            viewed: (0, 0),
            requests: 0,
        });
        Ok(recovered)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Whether its disk or its line is slow.
    pub fn is_slow(&self) -> bool {
        self.sync_delay.1 >= SLOW || self.bandwidth.is_some()
    }

    /// The process, if it is that run.
    pub fn running(&mut self, run: Run) -> Option<&mut Process> {
        self.process.as_mut().filter(|process| process.run == run)
    }
}

impl Process {
    /// A number for a request, unique in this run.
    pub fn request_id(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(self.requests)
    }

    /// What room the disk has, as far as was noticed.
    pub fn room_left(&self) -> Room {
        if self.backlog.is_empty() { self.store.room() } else { Room::None }
    }
}

/// Small files, so that there are many.
pub fn store_options(fresh_incarnation: u128) -> Options {
    Options {
        segment_bytes: 16 << 10,
        fill_bytes: 4 << 10,
        reserve_bytes: 4 << 10,
        ballast_bytes: 32 << 10,
        spares: 1,
        ..Options::new(fresh_incarnation)
    }
}

/// The machine as of the newest snapshot.
pub fn thaw(store: &Store<SimDisk>) -> Result<KvMachine, String> {
    match store.open_snapshot().map_err(|error| error.to_string())? {
        Some(mut source) => KvMachine::thaw(&mut source).map_err(|error| error.to_string()),
        None => Ok(KvMachine::new()),
    }
}
