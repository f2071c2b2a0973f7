//! One real replica; its disk, machine and register are true to their contracts, its peers and
//! clients are not.

use std::collections::VecDeque;

use understudy_protocol::{
    ClusterId, Config, ConnId, Effect, Event, Incarnation, Limits, MS, Member, Now, Observed,
    Position, Record, RegisterFailure, RegisterUid, Replica, Settings, Timing, WriteAnswer,
};

use super::disk::Disk;

pub struct World {
    pub replica: Replica,
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
    pub knocks: VecDeque<Incarnation>,
    pub inquiries: VecDeque<String>,
    pub requests: u64,
    queue: VecDeque<Event>,
    over: bool,
}

/// Steps that one event may lead to; more would be a loop.
const STEPS: usize = 1000;

impl World {
    pub fn new() -> Self {
        let mut disk = Disk::new();
        let now = Now { mono: 1, wall: 1 };
        World {
            replica: Replica::new(config(), disk.recover(), now),
            disk,
            now,
            register: Observed { uid: RegisterUid(1), version: "0".into(), record: None },
            reachable: true,
            prompt: true,
            conns: Vec::new(),
            dials: 0,
            knocks: VecDeque::new(),
            inquiries: VecDeque::new(),
            requests: 0,
            queue: VecDeque::new(),
            over: false,
        }
    }

    pub fn cluster(&self) -> ClusterId {
        self.register.record.as_ref().map_or(ClusterId(7), |record| record.cluster)
    }

    pub fn pass(&mut self, ms: u64) {
        self.now.mono += ms * MS;
        self.now.wall += ms * MS;
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

    /// Feeds an event and everything that follows from it at once.
    pub fn feed(&mut self, event: Event) {
        self.queue.push_back(event);
        let mut steps = 0;
        while let Some(event) = self.queue.pop_front() {
            steps += 1;
            assert!(steps < STEPS, "one event leads to endless steps");
            for effect in self.replica.step(self.now, event) {
                if !self.over {
                    self.carry_out(effect);
                }
            }
            if self.over {
                self.begin_life();
            }
        }
    }

    fn begin_life(&mut self) {
        self.over = false;
        self.queue.clear();
        (self.dials, self.knocks, self.inquiries) = (0, VecDeque::new(), VecDeque::new());
        self.conns.clear();
        self.disk.state.halted = None;
        self.replica = Replica::new(config(), self.disk.recover(), self.now);
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Dial { .. } => self.dials += 1,
            Effect::Knock { incarnation, .. } => self.knocks.push_back(incarnation),
            Effect::Inquire { peer, .. } => self.inquiries.push_back(peer),
            Effect::SaveState(state) => {
                self.flush();
                self.disk.save(state);
            }
            Effect::Append(entries) => {
                self.disk.append(entries);
                if self.prompt {
                    self.flush();
                }
            }
            Effect::SetAside(entries) => assert!(!entries.is_empty()),
            Effect::Truncate { after } => self.disk.truncate(after),
            Effect::ReadLog { conn, from, .. } => self.read_log(conn, from),
            Effect::ReadSnapshot { conn, position, offset, .. } => {
                self.read_snapshot(conn, position, offset);
            }
            Effect::StoreSnapshot(conn, part) => match self.disk.store(&part) {
                None => self.over = true,
                Some(offset) => {
                    let position = part.snapshot.position;
                    self.queue.push_back(Event::SnapshotStored { conn, position, offset });
                }
            },
            Effect::AdoptSnapshot(position) => self.disk.take_on(position),
            Effect::Apply(batch) => {
                let first = batch[0].0.index;
                let digests = batch.iter().map(|(entry, _)| entry.hash).collect();
                self.queue.push_back(Event::Applied { first, digests });
            }
            Effect::ReadRegister => self.queue.push_back(Event::RegisterRead(self.read())),
            Effect::WriteRegister { base, record } => self.write(&base, record),
            Effect::EndLife(_) | Effect::Renew(_) | Effect::Left | Effect::Halt(_) => {
                self.over = true
            }
            Effect::Send(..)
            | Effect::Close(_)
            | Effect::Release { .. }
            | Effect::Serve(_)
            | Effect::Reject(..)
            | Effect::Abandon(_)
            | Effect::HandedOver(_)
            | Effect::Evict { .. }
            | Effect::Transition(_)
            | Effect::Note(_) => {}
        }
    }

    pub fn flush(&mut self) {
        self.queue.push_back(Event::Durable(self.disk.last()));
    }

    fn read(&self) -> Result<Observed, RegisterFailure> {
        match self.reachable {
            true => Ok(self.register.clone()),
            false => Err(RegisterFailure::Unreachable("switched off".into())),
        }
    }

    fn write(&mut self, base: &Observed, record: Record) {
        let answer = if !self.reachable {
            WriteAnswer::NoAnswer("switched off".into())
        } else if base.version != self.register.version {
            WriteAnswer::Conflict
        } else {
            self.register.version = record.epoch.to_string();
            self.register.record = Some(record);
            WriteAnswer::Written
        };
        self.queue.push_back(Event::RegisterWritten(answer));
    }

    fn read_log(&mut self, conn: ConnId, from: u64) {
        let entries: Vec<_> =
            self.disk.entries.iter().filter(|entry| entry.index >= from).take(3).cloned().collect();
        let there = entries.first().is_some_and(|entry| entry.index == from);
        let event = match there {
            true => {
                let previous = self.disk.position(from - 1);
                Event::LogRead { conn, previous, entries: Ok(entries) }
            }
            false => {
                let (previous, entries) = (Position::default(), Err("it is gone".into()));
                Event::LogRead { conn, previous, entries }
            }
        };
        self.queue.push_back(event);
    }

    fn read_snapshot(&mut self, conn: ConnId, position: Position, offset: u64) {
        const BYTES: u64 = 1000;
        let snapshot = self.disk.snapshot;
        let offset = if snapshot.position == position { offset } else { 0 };
        if snapshot.position.index == 0 || offset > BYTES {
            self.queue.push_back(Event::Closed(conn));
            return;
        }
        let end = BYTES.min(offset + 400);
        let data = vec![1; (end - offset) as usize].into();
        let last = end == BYTES;
        self.queue.push_back(Event::SnapshotRead { conn, snapshot, offset, data, last });
    }
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
    super::said::Who::Myself.member()
}
