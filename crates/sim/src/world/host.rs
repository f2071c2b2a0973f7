//! A host: a disk, two clocks, and at times a process.

use std::collections::{BTreeMap, VecDeque};

use understudy_evidence::correct;
use understudy_host::Done;
use understudy_machine::{KvMachine, Machine};
use understudy_protocol::{Config, Entry, Epoch, Incarnation, Index, Recovered};
use understudy_wal::sim::SimDisk;
use understudy_wal::{OpenError, Options, Store};

use crate::checks::absence::Absence;
use crate::checks::ahead::Early;
use crate::checks::shadow::Shadow;
use crate::clients::{Request, Wish};
use crate::world::clock::{Clock, MILLISECOND};
use crate::world::event::Input;
use crate::world::id::Run;

/// A sync that takes this long is slow, nanoseconds.
pub const SLOW: u64 = 50 * MILLISECOND;

/// A byte that has flipped.
#[derive(Clone, Debug)]
pub struct Rot {
    /// In which file.
    pub file: String,
    /// Where, bytes.
    pub offset: u64,
    /// What is there now.
    pub byte: u8,
}

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
    /// Bytes of entries executed between two snapshots.
    pub snapshot_bytes: u64,
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
    /// Somebody who does not care for the answer.
    Nobody,
}

impl understudy_host::Waiter for Waiter {
    fn connection(&self) -> u64 {
        match self {
            Waiter::Client { client, .. } => *client,
            Waiter::Nobody => u64::MAX,
        }
    }
}

/// The replica as it ships, over a simulated disk.
pub type Driver = understudy_host::Host<SimDisk, KvMachine, Waiter>;

/// What a process waits for while nothing reaches it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// Its disk.
    Disk,
    /// Its machine, which executes.
    Machine,
}

/// A running replica and what surrounds it.
pub struct Process {
    /// Which run.
    pub run: Run,
    /// The replica.
    pub driver: Driver,
    /// What it has executed ahead of its commit.
    pub early: Early,
    /// Entries that it was told to append and that are not on its disk yet.
    pub unwritten: VecDeque<Entry>,
    /// It can do nothing before this is done.
    pub waits: Option<Wait>,
    /// A deadline has come while it waited.
    pub late: bool,
    /// Members that the replica last knew of.
    pub members: usize,
    /// Something was stepped since its state was judged.
    pub stepped: bool,
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
    /// A sync is under way.
    pub syncing: bool,
    /// Requests that wait to be given to the replica together.
    pub gathered: Vec<Request>,
    /// Work on other threads, and what came of it.
    pub done: BTreeMap<u64, Done<SimDisk, KvMachine>>,
    /// It ends in order and leaves the mark of that.
    pub closes: bool,
    /// When a wrong version looked last, and the bound of a value that it saw.
    pub viewed: (u64, u64),
}

impl Process {
    /// Whether it runs, and waits for nothing.
    pub fn goes_on(&self) -> bool {
        !self.paused && self.waits.is_none()
    }
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
        let fresh_incarnation = correct!(
            fresh_incarnation,
            "wiped-copy-keeps-its-name" => self.clock.offset.into(),
        );
        let options = store_options(fresh_incarnation);
        let (store, recovered) = Store::open(self.disk.clone(), options)?;
        let machine = restore(&store).map_err(StartError::Snapshot)?;
        let options = understudy_host::Options {
            snapshot_bytes: self.snapshot_bytes,
            writing_memory: u64::MAX,
            linger: 0,
        };
        let now = self.clock.read(time);
        let config = self.config.clone();
        let driver = Driver::new(config, options, recovered.clone(), store, machine, now);
        self.process = Some(Process {
            run,
            driver,
            early: Early::new(),
            unwritten: VecDeque::new(),
            waits: None,
            late: false,
            members: 0,
            stepped: false,
            paused: false,
            paused_at: 0,
            absence: Absence::default(),
            halted: None,
            inbox: VecDeque::new(),
            wake_at: None,
            syncing: false,
            gathered: Vec::new(),
            done: BTreeMap::new(),
            closes: false,
            viewed: (0, 0),
        });
        Ok(recovered)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Its machine, while its process runs.
    pub fn machine(&self) -> Option<&KvMachine> {
        self.process.as_ref().map(|process| process.driver.machine())
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
pub fn restore(store: &Store<SimDisk>) -> Result<KvMachine, String> {
    match store.open_snapshot().map_err(|error| error.to_string())? {
        Some(mut source) => KvMachine::restore(&mut source).map_err(|error| error.to_string()),
        None => Ok(KvMachine::new()),
    }
}
