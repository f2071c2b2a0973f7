//! The smallest runtime there can be: two replicas, a network without delay, a register in memory, disks in memory,
//! and a machine that only counts. It shows the contract between a host and its runtime; the simulation does the rest.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use understudy_host::*;
use understudy_machine::{Frozen, Machine, Moment, RestoreError};
use understudy_protocol::*;
use understudy_wal::Store;
use understudy_wal::sim::SimDisk;

/// A second machine, beside the key-value one: it counts its entries, and that is its digest.
#[derive(Clone, Default)]
struct Counter {
    count: u64,
    /// What makes this one differ.
    flaw: Arc<AtomicU64>,
}

impl Machine for Counter {
    type Output = u64;
    type Frozen = Counter;

    fn apply(&mut self, _: Moment, _: understudy_machine::Input<'_>) -> u64 {
        self.count += 1 + self.flaw.load(Ordering::Relaxed);
        self.count
    }

    fn digest(&self) -> u64 {
        self.count
    }

    fn deadline(&self) -> Option<u64> {
        None
    }

    fn freeze(&self) -> Counter {
        self.clone()
    }

    fn snapshot_bytes(&self) -> u64 {
        8
    }

    fn memory(&self) -> u64 {
        8
    }

    fn copied_bytes(&self, _: u64) -> u64 {
        0
    }

    fn limit_memory(&self, _: u64) -> Option<Bytes> {
        None
    }

    fn restore(source: &mut dyn Read) -> Result<Self, RestoreError> {
        let mut count = [0; 8];
        source.read_exact(&mut count)?;
        Ok(Counter { count: u64::from_le_bytes(count), ..Counter::default() })
    }
}

impl Frozen for Counter {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.count.to_le_bytes())
    }
}

/// Whoever waits, by a number of its own.
struct Client(u64);

impl Waiter for Client {
    fn connection(&self) -> u64 {
        self.0
    }
}

type Replica = Host<SimDisk, Counter, Client>;

struct Pair {
    now: Now,
    nodes: BTreeMap<String, Node>,
    register: Observed,
    register_up: bool,
    /// Who has read the register.
    readers: Vec<String>,
    /// Each stream: who dialled whom.
    streams: BTreeMap<ConnId, (String, String)>,
    queue: VecDeque<(String, Arrival)>,
    answers: Vec<(u64, String)>,
}

type Arrival = Input<SimDisk, Counter, Client>;

struct Node {
    /// While it runs.
    host: Option<Replica>,
    disk: SimDisk,
    state: HardState,
    flaw: Arc<AtomicU64>,
    /// The kinds of the entries of each batch that it appended.
    appended: Vec<Vec<Kind>>,
}

const NAMES: [&str; 2] = ["a", "b"];

fn open(name: &str, disk: &SimDisk) -> (Store<SimDisk>, Recovered) {
    let options = understudy_wal::Options {
        segment_bytes: 64 << 10,
        ..understudy_wal::Options::new(u128::from(name.as_bytes()[0]))
    };
    Store::open(disk.clone(), options).unwrap()
}

/// Begins a life on that disk.
fn start(name: &str, disk: &SimDisk, flaw: &Arc<AtomicU64>, now: Now) -> Replica {
    let peer = if name == "a" { "b" } else { "a" };
    let config = Config {
        name: name.into(),
        peer_address: name.into(),
        client_address: format!("client-{name}"),
        peers: vec![(peer.into(), peer.into())],
        fresh_cluster: ClusterId(7),
        settings: Settings::default(),
        timing: Timing::default(),
        limits: Limits::default(),
        memory: None,
    };
    let options = Options { snapshot_bytes: u64::MAX, writing_memory: u64::MAX, linger: 0 };
    let (store, recovered) = open(name, disk);
    let machine = Counter { count: 0, flaw: flaw.clone() };
    Host::new(config, options, recovered, store, machine, now)
}

impl Node {
    fn new(name: &str, now: Now) -> Self {
        let (disk, flaw) = (SimDisk::new(), Arc::default());
        let host = Some(start(name, &disk, &flaw, now));
        Node { host, disk, state: HardState::default(), flaw, appended: Vec::new() }
    }

    fn up(&self) -> bool {
        self.host.is_some()
    }
}

impl Pair {
    fn new() -> Self {
        let now = Now::default();
        let nodes = NAMES.iter().map(|name| (name.to_string(), Node::new(name, now)));
        Pair {
            now,
            nodes: nodes.collect(),
            register: Observed { uid: RegisterUid(1), version: "0".into(), record: None },
            register_up: true,
            readers: Vec::new(),
            streams: BTreeMap::new(),
            queue: VecDeque::new(),
            answers: Vec::new(),
        }
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms / 10 {
            self.now.mono += 10 * MS;
            self.now.wall += 10 * MS;
            NAMES.iter().for_each(|name| self.drive(name));
            while let Some((name, arrival)) = self.queue.pop_front() {
                self.step(&name, arrival);
            }
        }
    }

    fn step(&mut self, name: &str, arrival: Arrival) {
        if let Some(host) = &mut self.nodes.get_mut(name).unwrap().host {
            host.input(self.now, arrival);
        }
        self.drive(name);
    }

    /// Lets a replica go on until there is nothing to do; its disk is as fast as its processor.
    fn drive(&mut self, name: &str) {
        loop {
            let node = self.nodes.get_mut(name).unwrap();
            let Some(host) = &mut node.host else { return };
            if let Some(Step::Effect(Effect::Append(entries))) = host.peek() {
                node.appended.push(entries.iter().map(|entry| entry.kind).collect());
            }
            let output = host.next(self.now);
            node.state = host.state().clone();
            match output {
                Some(output) => self.carry_out(name, output),
                None if host.needs_sync() => host.sync(),
                None => return,
            }
        }
    }

    fn other_end(&self, name: &str, conn: ConnId) -> Option<String> {
        let (from, to) = self.streams.get(&conn)?;
        Some(if from == name { to.clone() } else { from.clone() })
    }

    fn carry_out(&mut self, name: &str, output: Output<SimDisk, Counter, Client>) {
        let up = |pair: &Pair, name: &str| pair.nodes[name].up();
        let answer = match output {
            Output::Dial(address) if up(self, &address) => {
                let conn = ConnId(self.streams.len() as u64);
                self.streams.insert(conn, (name.into(), address));
                Event::Connected(conn)
            }
            Output::Dial(_) => Event::DialFailed(ProbeResult::Refused),
            Output::Probe(incarnation, address) => {
                let probe =
                    if up(self, &address) { ProbeResult::Answered } else { ProbeResult::Refused };
                Event::Probed(incarnation, probe)
            }
            Output::Inquire(peer, address) => {
                let host = self.nodes[&address].host.as_ref();
                let answer = host.map(|host| host.peer_state()).ok_or_else(|| "away".into());
                Event::Inquired { peer, answer }
            }
            Output::Send(conn, message) => {
                if let Some(to) = self.other_end(name, conn) {
                    self.tell(&to, Event::Received(conn, message));
                }
                return;
            }
            Output::Close(conn) => {
                if let Some(to) = self.other_end(name, conn) {
                    self.tell(&to, Event::Closed(conn));
                }
                return;
            }
            Output::ReadRegister if self.register_up => {
                self.readers.push(name.into());
                Event::RegisterRead(Ok(self.register.clone()))
            }
            Output::ReadRegister => {
                Event::RegisterRead(Err(RegisterFailure::Unreachable("switched off".into())))
            }
            Output::WriteRegister(base, record) => {
                Event::RegisterWritten(self.write(&base, record))
            }
            Output::Executed(Executed { waiter: Some(Client(id)), .. }) => {
                return self.answers.push((id, "done".into()));
            }
            Output::Answer(Client(id), answer) => {
                let text = match answer {
                    Answer::Read => "read".into(),
                    Answer::HandedOver => "handed over".into(),
                    Answer::Rejected(why) => format!("{why:?}"),
                    Answer::CutOff | Answer::Unknown => return,
                };
                return self.answers.push((id, text));
            }
            Output::Work(work) => {
                return self.queue.push_back((name.into(), Input::Done(work.run())));
            }
            Output::End(_) => return self.kill(name),
            Output::Internal
            | Output::Sync
            | Output::Barrier
            | Output::Executed(_)
            | Output::SnapshotSaved(_)
            | Output::SnapshotReceived(_)
            | Output::SnapshotInstalled(_)
            | Output::SetAside { .. }
            | Output::Transition(_)
            | Output::Note(..)
            | Output::Halted(_)
            | Output::Evict(_) => return,
        };
        self.tell(name, answer);
    }

    fn tell(&mut self, name: &str, event: Event) {
        self.queue.push_back((name.into(), Input::Event(event)));
    }

    fn write(&mut self, base: &Observed, record: Record) -> WriteAnswer {
        if !self.register_up {
            return WriteAnswer::NoAnswer("switched off".into());
        }
        if base.version != self.register.version {
            return WriteAnswer::Conflict;
        }
        self.register.version = record.epoch.to_string();
        self.register.record = Some(record);
        WriteAnswer::Written
    }

    fn kill(&mut self, name: &str) {
        let node = self.nodes.get_mut(name).unwrap();
        node.host = None;
        node.disk.kill();
        let ends: Vec<(ConnId, String)> = self
            .streams
            .iter()
            .map(|(&conn, (from, to))| (conn, if from == name { to } else { from }.clone()))
            .collect();
        ends.into_iter().for_each(|(conn, other)| self.tell(&other, Event::Closed(conn)));
    }

    fn restart(&mut self, name: &str) {
        let now = self.now;
        self.kill(name);
        let node = self.nodes.get_mut(name).unwrap();
        node.host = Some(start(name, &node.disk, &node.flaw, now));
    }

    /// All that a replica has logged.
    fn log(&self, name: &str) -> Vec<Entry> {
        let node = &self.nodes[name];
        let Some(host) = &node.host else { return open(name, &node.disk).1.entries };
        let mut log: Vec<Entry> = Vec::new();
        while let Ok((_, entries)) = host.store().read(log.len() as u64 + 1, 1 << 20) {
            log.extend(entries);
        }
        log
    }

    fn put(&mut self, name: &str, id: u64) {
        self.command(name, id, false);
    }

    fn keep_up(&mut self, name: &str, id: u64) {
        self.command(name, id, true);
    }

    fn command(&mut self, name: &str, id: u64, upkeep: bool) {
        let payload = Bytes::from_static(b"x");
        self.ask(
            name,
            id,
            RequestKind::Command { payload, requires_commit: false, upkeep, answer: 0 },
        );
    }

    fn ask(&mut self, name: &str, id: u64, kind: RequestKind) {
        let request = Request { kind, waiter: Client(id) };
        self.queue.push_back((name.into(), Input::Request(request)));
    }

    fn answer(&self, id: u64) -> Option<&str> {
        self.answers.iter().find(|(i, _)| *i == id).map(|(_, answer)| answer.as_str())
    }

    fn role(&self, name: &str) -> RoleName {
        let host = self.nodes[name].host.as_ref();
        host.map_or(RoleName::Ended, |host| host.replica().status().role)
    }

    fn members(&self) -> Vec<String> {
        self.register.record.iter().flat_map(|r| &r.members).map(|m| m.name.clone()).collect()
    }
}

fn born() -> Pair {
    let mut pair = Pair::new();
    pair.run(1000);
    assert_eq!((pair.role("a"), pair.role("b")), (RoleName::Primary, RoleName::Backup));
    assert_eq!(pair.members(), ["a", "b"]);
    pair
}

#[test]
fn a_pair_is_born_and_answers_when_both_hold_the_entry() {
    let mut pair = born();
    pair.put("a", 1);
    pair.ask("a", 2, RequestKind::Read);
    pair.put("b", 3);
    pair.run(200);
    assert_eq!(pair.answer(1), Some("done"));
    assert_eq!(pair.answer(2), Some("read"));
    assert!(pair.answer(3).unwrap().contains("client-a"), "{:?}", pair.answer(3));
    assert_eq!(pair.log("a"), pair.log("b"));
}

#[test]
fn the_backup_takes_over_and_the_old_primary_joins_again() {
    let mut pair = born();
    pair.put("a", 1);
    pair.run(200);
    pair.kill("a");
    pair.run(200);
    assert_eq!((pair.role("b"), pair.members()), (RoleName::Primary, vec!["b".to_string()]));
    pair.put("b", 2);
    pair.run(100);
    assert_eq!(pair.answer(2), Some("done"));
    pair.restart("a");
    pair.run(1000);
    assert_eq!((pair.role("a"), pair.members().len()), (RoleName::Backup, 2));
    assert_eq!(pair.log("a"), pair.log("b"));
}

#[test]
fn a_dead_backup_is_dropped_before_anything_that_waited_is_answered() {
    let mut pair = born();
    pair.kill("b");
    pair.register_up = false;
    pair.put("a", 1);
    pair.run(5000);
    assert_eq!(pair.answer(1), None, "rule 3: not before the drop is won");
    pair.register_up = true;
    pair.run(500);
    assert_eq!((pair.answer(1), pair.members()), (Some("done"), vec!["a".to_string()]));
}

#[test]
fn a_handover_keeps_both_members_and_loses_nobody() {
    let mut pair = born();
    pair.ask("a", 8, RequestKind::HandOver(Some("c".into())));
    pair.run(100);
    assert!(pair.answer(8).unwrap().contains("c is no backup"), "{:?}", pair.answer(8));
    pair.ask("a", 9, RequestKind::HandOver(Some("b".into())));
    pair.run(1000);
    assert_eq!(pair.answer(9), Some("handed over"));
    assert_eq!((pair.role("a"), pair.role("b")), (RoleName::Backup, RoleName::Primary));
    assert_eq!(pair.members(), ["a", "b"]);
}

impl Pair {
    fn room(&mut self, name: &str, room: Room) {
        self.tell(name, Event::Space(room));
    }
}

#[test]
fn a_primary_whose_disk_is_full_hands_over_within_a_second_and_joins_again_when_there_is_room() {
    let mut pair = born();
    pair.put("a", 1);
    pair.room("a", Room::Reserve);
    pair.run(1000);
    assert_eq!((pair.answer(1), pair.role("b")), (Some("done"), RoleName::Primary));
    assert_eq!(pair.members(), ["b"], "nothing waits for a full disk");
    pair.put("b", 2);
    pair.run(50);
    assert_eq!(pair.answer(2), Some("done"));
    let held = pair.log("a").len();
    assert!(held < pair.log("b").len(), "what room is left is not filled");
    pair.room("a", Room::Ample);
    pair.run(1000);
    assert_eq!((pair.role("a"), pair.members().len()), (RoleName::Backup, 2));
    assert_eq!(pair.log("a"), pair.log("b"));
}

#[test]
fn where_room_is_only_scarce_nobody_gives_way_and_nothing_is_refused() {
    let mut pair = born();
    for name in ["a", "b"] {
        pair.room(name, Room::Scarce);
    }
    pair.put("a", 1);
    pair.run(1000);
    assert_eq!(
        (pair.answer(1), pair.role("a"), pair.members().len()),
        (Some("done"), RoleName::Primary, 2)
    );
}

#[test]
fn a_backup_whose_disk_is_full_is_dropped_at_once() {
    let mut pair = born();
    pair.room("b", Room::Reserve);
    pair.run(100);
    assert_eq!((pair.role("b"), pair.members()), (RoleName::Spare, vec!["a".to_string()]));
    pair.ask("a", 8, RequestKind::HandOver(Some("b".into())));
    pair.put("a", 1);
    pair.run(50);
    assert_eq!(pair.answer(1), Some("done"));
    assert!(pair.answer(8).unwrap().contains("NoHandOver"), "{:?}", pair.answer(8));
}

#[test]
fn where_every_disk_is_full_only_upkeep_goes_on_and_the_pair_stays_one() {
    let mut pair = born();
    pair.room("b", Room::Reserve);
    pair.room("a", Room::Reserve);
    pair.run(20);
    pair.put("a", 1);
    pair.keep_up("a", 2);
    pair.run(5000);
    assert_eq!((pair.answer(1), pair.answer(2)), (Some("DiskFull"), Some("done")));
    assert_eq!((pair.role("a"), pair.members().len()), (RoleName::Primary, 2));
    assert_eq!(pair.log("a"), pair.log("b"));
    pair.room("a", Room::None);
    pair.run(20);
    pair.keep_up("a", 3);
    pair.run(20);
    assert_eq!(pair.answer(3), Some("DiskFull"));
}

#[test]
fn a_full_primary_whose_backup_does_not_win_serves_reads_ever_longer_in_between() {
    let mut pair = born();
    pair.register_up = false;
    pair.room("a", Room::Reserve);
    pair.run(60_000);
    let mut read = 0;
    for id in 0..600 {
        pair.ask("a", 1000 + id, RequestKind::Read);
        pair.run(100);
        read += u32::from(pair.answer(1000 + id) == Some("read"));
    }
    assert!(read > 500, "{read} of 600");
}

#[test]
fn a_primary_that_hands_over_dials_its_successor_before_it_has_read_who_won() {
    let mut pair = born();
    let primary = |pair: &Pair| pair.register.record.as_ref().map(|record| record.primary);
    let (a, dialled) = (primary(&pair), |pair: &Pair| {
        pair.streams
            .values()
            .filter(|(from, to)| (from.as_str(), to.as_str()) == ("a", "b"))
            .count()
    });
    pair.ask("a", 9, RequestKind::HandOver(None));
    while primary(&pair) == a {
        let (name, arrival) = pair.queue.pop_front().unwrap();
        pair.step(&name, arrival);
    }
    pair.register_up = false;
    pair.run(200);
    assert_eq!((pair.answer(9), pair.role("a"), dialled(&pair)), (None, RoleName::Primary, 1));
    pair.register_up = true;
    pair.run(200);
    assert_eq!(pair.answer(9), Some("handed over"));
    assert_eq!(
        (pair.role("a"), pair.role("b"), dialled(&pair)),
        (RoleName::Backup, RoleName::Primary, 1)
    );
}

#[test]
fn both_killed_at_once_return_with_everything() {
    let mut pair = born();
    pair.put("a", 1);
    pair.run(100);
    let held = pair.log("a");
    pair.kill("a");
    pair.kill("b");
    pair.run(100);
    pair.restart("b");
    pair.run(20);
    pair.restart("a");
    pair.run(2000);
    assert_eq!(pair.members().len(), 2);
    assert!(pair.log("b").starts_with(&held));
    assert_eq!(pair.log("a"), pair.log("b"));
}

#[test]
fn leaving_replicas_owe_nobody_anything() {
    let mut pair = born();
    pair.queue.push_back(("a".into(), Input::Leave));
    pair.run(500);
    assert!(!pair.nodes["a"].up());
    assert_eq!((pair.role("b"), pair.members()), (RoleName::Primary, vec!["b".to_string()]));
    pair.restart("a");
    pair.run(1000);
    pair.queue.push_back(("a".into(), Input::Leave));
    pair.run(500);
    assert!(!pair.nodes["a"].up(), "a backup leaves once it is dropped");
    assert_eq!(pair.members(), ["b"]);
}

#[test]
fn a_leaving_replica_notes_what_is_committed() {
    let mut pair = born();
    pair.put("a", 1);
    pair.queue.push_back(("a".into(), Input::Leave));
    pair.run(500);
    assert_eq!(pair.answer(1), Some("done"));
    let a = &pair.nodes["a"];
    assert!(!a.up());
    assert_eq!(
        a.state.commit,
        pair.log("a").last().unwrap().index,
        "no entry came that would tell"
    );
}

/// A pair whose backup computes something else than its primary, found and in its next life.
fn differing() -> Pair {
    let mut pair = born();
    pair.nodes["b"].flaw.store(1, Ordering::Relaxed);
    pair.put("a", 1);
    pair.run(500);
    let b = &pair.nodes["b"];
    assert!(!b.up() && b.state.replaying, "its life ends, to replay from snapshot and log");
    pair
}

#[test]
fn a_replica_whose_digest_differs_once_replays_and_goes_on() {
    let mut pair = differing();
    pair.nodes["b"].flaw.store(0, Ordering::Relaxed);
    pair.restart("b");
    pair.run(1000);
    pair.put("a", 2);
    pair.run(500);
    assert_eq!((pair.role("b"), pair.nodes["b"].state.replaying), (RoleName::Backup, false));
}

#[test]
fn a_replica_whose_digest_differs_after_a_replay_halts_until_ordered() {
    let mut pair = differing();
    pair.restart("b");
    pair.run(1000);
    pair.put("a", 2);
    pair.run(500);
    assert!(pair.nodes["b"].state.halted.is_some());
    pair.restart("b");
    pair.run(1000);
    assert_eq!(pair.role("b"), RoleName::Halted, "another life does not change that");
    assert_eq!(pair.answer(2), Some("done"), "the primary serves on without it");
}

#[test]
fn a_leaving_backup_refuses_to_take_over_and_both_stay_named() {
    let mut pair = born();
    pair.register_up = false;
    pair.queue.push_back(("b".into(), Input::Leave));
    pair.queue.push_back(("a".into(), Input::Leave));
    pair.run(5000);
    assert!(!pair.nodes["a"].up() && !pair.nodes["b"].up());
    assert_eq!(pair.members(), ["a", "b"]);
}

#[test]
fn with_one_copy_of_two_time_and_settings_go_on_and_commands_do_not() {
    let mut pair = born();
    let both = Settings { min_copies: 2, ..Settings::default() };
    pair.ask("a", 1, RequestKind::Settings(both));
    pair.run(200);
    pair.kill("b");
    pair.put("a", 9);
    pair.run(3000);
    assert_eq!((pair.answer(1), pair.answer(9)), (Some("done"), None));
    assert_eq!(pair.members(), ["a"]);
    pair.put("a", 2);
    let (kind, payload) = (Kind::Tick, Bytes::new());
    let tick =
        Proposal { id: RequestId(u64::MAX), kind, payload, requires_commit: false, upkeep: true };
    pair.tell("a", Event::Requests { proposals: vec![tick], reads: vec![] });
    pair.ask("a", 4, RequestKind::Settings(Settings::default()));
    pair.run(200);
    assert_eq!(pair.answer(2), Some("TooFewCopies"));
    assert_eq!(pair.answer(4), Some("done"));
    assert!(pair.log("a").iter().any(|entry| entry.kind == Kind::Tick));
    pair.put("a", 5);
    pair.run(200);
    assert_eq!(pair.answer(5), Some("done"), "one copy shall be enough now");
}

#[test]
fn an_opening_entry_is_a_batch_of_its_own_for_it_may_use_the_reserve() {
    let mut pair = born();
    assert_eq!(pair.nodes["a"].appended[..2], [[Kind::Open], [Kind::Settings]]);
    pair.put("a", 1);
    pair.kill("a");
    pair.run(500);
    assert_eq!(pair.role("b"), RoleName::Primary);
    let opening = |batch: &&Vec<Kind>| batch.contains(&Kind::Open);
    let last = pair.nodes["b"].appended.iter().rfind(opening).unwrap();
    assert_eq!(last[..], [Kind::Open]);
}

#[test]
fn hearing_of_a_newer_epoch_makes_the_primary_read_and_only_what_it_reads_halts() {
    let mut pair = born();
    pair.readers.clear();
    let stranger = Hello {
        version: PROTOCOL_VERSION,
        cluster: Some(ClusterId(7)),
        member: Member {
            incarnation: Incarnation(3),
            name: "c".into(),
            peer_address: "c".into(),
            client_address: "c".into(),
        },
        life: 1,
        epoch: 9,
        nonce: None,
        commit: Default::default(),
        first: 1,
        runs: vec![],
        full: false,
        memory: None,
    };
    pair.tell("b", Event::Received(ConnId(99), Message::Hello(Box::new(stranger))));
    pair.run(500);
    assert!(pair.readers.contains(&"a".to_string()), "the follower told its primary");
    assert_eq!(
        (pair.role("a"), pair.role("b")),
        (RoleName::Primary, RoleName::Backup),
        "the register says so"
    );
    pair.register.record.as_mut().unwrap().epoch = 9;
    pair.register.record.as_mut().unwrap().primary = Incarnation(3);
    pair.run(500);
    assert!(!pair.nodes["a"].up(), "now it does not");
}
