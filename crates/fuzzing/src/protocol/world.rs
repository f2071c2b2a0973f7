//! One real replica as it ships, over a simulated disk; its machine and register are true to their contracts, its
//! peers and clients are not.

use std::collections::VecDeque;

use understudy_host::{
    Host, Input, Options, Output, Request, RequestKind, Step, Waiter, Work, WorkKind,
};
use understudy_protocol::{
    ClusterId, Config, ConnId, Event, Incarnation, Limits, MS, Member, Now, Observed, Record,
    RegisterFailure, RegisterUid, Settings, Status, Timing, WriteAnswer,
};
use understudy_wal::Store;
use understudy_wal::sim::SimDisk;

use super::disk::Disk;
use super::machine::Counter;

pub struct World {
    /// Between two lives there is none.
    host: Option<Host<SimDisk, Counter, Nobody>>,
    files: SimDisk,
    /// What the replica has asked for, to hold it to the contract.
    pub disk: Disk,
    pub now: Now,
    pub register: Observed,
    /// The register answers.
    pub reachable: bool,
    /// What is appended is durable at once.
    pub prompt: bool,
    /// Every stream there ever was.
    pub conns: Vec<ConnId>,
    pub dials: u32,
    pub probes: VecDeque<Incarnation>,
    pub inquiries: VecDeque<String>,
    /// Snapshots that are being written.
    works: VecDeque<Work<SimDisk, Counter>>,
    over: bool,
}

/// Clients do not wait here.
pub struct Nobody;

impl Waiter for Nobody {
    fn connection(&self) -> u64 {
        0
    }
}

/// Steps that one input may lead to; more would be a loop.
const STEPS: usize = 10_000;

impl World {
    pub fn new() -> Self {
        let (files, now) = (SimDisk::new(), Now { mono: 1, wall: 1 });
        World {
            host: Some(begin(&files, now)),
            files,
            disk: Disk::new(),
            now,
            register: Observed { uid: RegisterUid(1), version: "0".into(), record: None },
            reachable: true,
            prompt: true,
            conns: Vec::new(),
            dials: 0,
            probes: VecDeque::new(),
            inquiries: VecDeque::new(),
            works: VecDeque::new(),
            over: false,
        }
    }

    fn live(&self) -> &Host<SimDisk, Counter, Nobody> {
        self.host.as_ref().expect("one life follows the other")
    }

    fn alive(&mut self) -> &mut Host<SimDisk, Counter, Nobody> {
        self.host.as_mut().expect("one life follows the other")
    }

    pub fn status(&self) -> Status {
        self.live().replica().status()
    }

    pub fn cluster(&self) -> ClusterId {
        self.register.record.as_ref().map_or(ClusterId(7), |record| record.cluster)
    }

    /// Time passes, and the replica notices.
    pub fn pass(&mut self, ms: u64) {
        self.now.mono += ms * MS;
        self.now.wall += ms * MS;
        self.run();
    }

    /// The next stream.
    pub fn open(&mut self) -> ConnId {
        let conn = ConnId(self.conns.len() as u64);
        self.conns.push(conn);
        conn
    }

    /// Writes the register as somebody else would who may.
    pub fn elect(&mut self, edit: impl FnOnce(&mut Record)) {
        let Some(mut record) = self.register.record.clone() else { return };
        record.epoch = record.epoch.saturating_add(1);
        record.nonce = understudy_protocol::Nonce(u128::MAX - u128::from(record.epoch));
        edit(&mut record);
        self.register.version = record.epoch.to_string();
        self.register.record = Some(record);
    }

    /// Something happens, and everything that follows from it at once.
    pub fn feed(&mut self, event: Event) {
        self.give(Input::Event(event));
    }

    pub fn ask(&mut self, kinds: impl IntoIterator<Item = RequestKind>) {
        for kind in kinds {
            let request = Request { kind, waiter: Nobody };
            let now = self.now;
            self.alive().input(now, Input::Request(request));
        }
        self.run();
    }

    pub fn give(&mut self, input: Input<SimDisk, Counter, Nobody>) {
        let now = self.now;
        self.alive().input(now, input);
        self.run();
    }

    /// The snapshots that are being written are done.
    pub fn finish_works(&mut self) {
        while let Some(work) = self.works.pop_front() {
            self.give(Input::Done(work.run()));
        }
    }

    pub fn sync(&mut self) {
        self.alive().sync();
        self.run();
    }

    fn run(&mut self) {
        for _ in 0..STEPS {
            let Some(host) = &mut self.host else { return };
            if let Some(Step::Effect(effect)) = host.peek()
                && let Some(asked) = effect.on_disk()
            {
                self.disk.asked(asked);
            }
            match host.next(self.now) {
                Some(output) => self.carry_out(output),
                None => return,
            }
            if std::mem::take(&mut self.over) {
                self.begin_life();
            }
        }
        panic!("one input leads to endless steps");
    }

    fn begin_life(&mut self) {
        (self.dials, self.probes, self.inquiries) = (0, VecDeque::new(), VecDeque::new());
        self.works.clear();
        self.conns.clear();
        // The one before lets go of the disk first.
        self.host = None;
        self.files.kill();
        let host = begin(&self.files, self.now);
        self.disk.begin(host.state().clone());
        self.host = Some(host);
    }

    fn carry_out(&mut self, output: Output<SimDisk, Counter, Nobody>) {
        let answer = match output {
            Output::Dial(_) => return self.dials += 1,
            Output::Probe(incarnation, _) => return self.probes.push_back(incarnation),
            Output::Inquire(peer, _) => return self.inquiries.push_back(peer),
            Output::Sync if self.prompt => return self.alive().sync(),
            Output::Barrier => return self.alive().sync(),
            Output::Work(work) if work.kind() == WorkKind::Snapshot => {
                return self.works.push_back(work);
            }
            Output::Work(work) => Input::Done(work.run()),
            Output::ReadRegister => Input::Event(Event::RegisterRead(self.read())),
            Output::WriteRegister(base, record) => {
                Input::Event(Event::RegisterWritten(self.write(&base, record)))
            }
            Output::SetAside { first, last, .. } => return assert!(first.0 <= last),
            Output::SnapshotSaved(position) | Output::SnapshotReceived(position) => {
                return self.disk.adopt(position);
            }
            Output::SnapshotInstalled(_) => {
                let executed = self.live().executed();
                return self.disk.install(executed);
            }
            Output::End(_) | Output::Halted(_) => return self.over = true,
            Output::Internal
            | Output::Sync
            | Output::Send(..)
            | Output::Close(_)
            | Output::Executed(_)
            | Output::Answer(..)
            | Output::Evict(_)
            | Output::Transition(_)
            | Output::Note(..) => return,
        };
        let now = self.now;
        self.alive().input(now, answer);
    }

    fn read(&self) -> Result<Observed, RegisterFailure> {
        match self.reachable {
            true => Ok(self.register.clone()),
            false => Err(RegisterFailure::Unreachable("switched off".into())),
        }
    }

    fn write(&mut self, base: &Observed, record: Record) -> WriteAnswer {
        if !self.reachable {
            WriteAnswer::NoAnswer("switched off".into())
        } else if base.version != self.register.version {
            WriteAnswer::Conflict
        } else {
            self.register.version = record.epoch.to_string();
            self.register.record = Some(record);
            WriteAnswer::Written
        }
    }
}

/// A life on that disk. One that has halted is told to go on.
fn begin(files: &SimDisk, now: Now) -> Host<SimDisk, Counter, Nobody> {
    // Small files: lives are many and short.
    let small = understudy_wal::Options {
        segment_bytes: 16 << 10,
        fill_bytes: 4 << 10,
        reserve_bytes: 4 << 10,
        ballast_bytes: 32 << 10,
        spares: 1,
        ..understudy_wal::Options::new(me().incarnation.0)
    };
    let (store, mut recovered) = Store::open(files.clone(), small).expect("the disk is true");
    recovered.state.halted = None;
    let snapshot = store.open_snapshot().expect("the disk is true");
    let machine =
        if snapshot.is_some() { Counter::from(recovered.snapshot) } else { Counter::default() };
    let options = Options { snapshot_bytes: 600, writing_memory: u64::MAX, linger: 0 };
    Host::new(config(), options, recovered, store, machine, now)
}

/// Two replicas that must be there for a birth, and bounds that few entries reach.
fn config() -> Config {
    Config {
        name: "a".into(),
        peer_address: "a".into(),
        client_address: "a".into(),
        peers: vec![("b".into(), "b".into())],
        fresh_cluster: ClusterId(7),
        settings: Settings::default(),
        timing: Timing::default(),
        limits: Limits {
            message_bytes: 300,
            flight_bytes: 600,
            tail_bytes: 2000,
            tail_entries: 20,
            window_bytes: 400,
            part_bytes: 400,
            batch_bytes: 300,
            batch_entries: 3,
            deferred_bytes: 1000,
            caught_up: 4,
            retain: 3,
            retain_bytes: 2000,
        },
        memory: None,
    }
}

/// Itself, as the register names it.
pub fn me() -> Member {
    super::who::Who::Myself.member()
}
