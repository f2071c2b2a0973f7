//! The smallest driver there can be: two replicas, a network and a disk without delay, a register
//! in memory. It shows the contract between the core and its host; the simulation does the rest.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use understudy_protocol::*;

struct Pair {
    now: Now,
    nodes: BTreeMap<String, Node>,
    register: Observed,
    register_up: bool,
    /// Who has read the register.
    readers: Vec<String>,
    /// Each stream: who dialled whom.
    streams: BTreeMap<ConnId, (String, String)>,
    queue: VecDeque<(String, Event)>,
    answers: Vec<(RequestId, String)>,
}

struct Node {
    replica: Replica,
    up: bool,
    log: Vec<Entry>,
    state: HardState,
    life: Life,
    /// What makes this node's machine differ: its digests are the log's hashes, changed by this.
    flaw: u64,
    /// The kinds of the entries of each batch it was told to append.
    appended: Vec<Vec<Kind>>,
    aside: Vec<Entry>,
}

const NAMES: [&str; 2] = ["a", "b"];

fn start(name: &str, log: Vec<Entry>, state: HardState, life: Life, now: Now) -> Node {
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
    let mut runs: Vec<(Epoch, Index)> = Vec::new();
    for entry in &log {
        match runs.last_mut() {
            Some(run) if run.0 == entry.epoch => run.1 = entry.index,
            _ => runs.push((entry.epoch, entry.index)),
        }
    }
    let recovered = Recovered {
        incarnation: Incarnation(u128::from(name.as_bytes()[0])),
        life,
        state: state.clone(),
        first: 1,
        runs,
        entries: log.clone(),
        ..Recovered::default()
    };
    let replica = Replica::new(config, recovered, now);
    Node { replica, up: true, log, state, life, flaw: 0, appended: Vec::new(), aside: Vec::new() }
}

impl Pair {
    fn new() -> Self {
        let now = Now::default();
        let nodes = NAMES
            .iter()
            .map(|name| (name.to_string(), start(name, vec![], HardState::default(), 1, now)))
            .collect();
        Pair {
            now,
            nodes,
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
            for name in NAMES {
                self.queue.push_back((name.into(), Event::Tick));
            }
            while let Some((name, event)) = self.queue.pop_front() {
                self.step(&name, event);
            }
        }
    }

    fn step(&mut self, name: &str, event: Event) {
        let node = self.nodes.get_mut(name).unwrap();
        if node.up {
            for effect in node.replica.step(self.now, event) {
                self.carry_out(name, effect);
            }
        }
    }

    fn other_end(&self, name: &str, conn: ConnId) -> Option<String> {
        let (from, to) = self.streams.get(&conn)?;
        Some(if from == name { to.clone() } else { from.clone() })
    }

    fn carry_out(&mut self, name: &str, effect: Effect) {
        let up: BTreeMap<String, bool> =
            self.nodes.iter().map(|(name, node)| (name.clone(), node.up)).collect();
        let node = self.nodes.get_mut(name).unwrap();
        let answer = match effect {
            Effect::Dial { address } if up[&address] => {
                let conn = ConnId(self.streams.len() as u64);
                self.streams.insert(conn, (name.into(), address));
                Event::Connected(conn)
            }
            Effect::Dial { .. } => Event::DialFailed(Knock::Refused),
            Effect::Knock { incarnation, address } => Event::Knocked(
                incarnation,
                if up[&address] { Knock::Answered } else { Knock::Refused },
            ),
            Effect::Inquire { peer, address } => {
                let node = &self.nodes[&address];
                let answer =
                    if node.up { Ok(node.replica.peer_state()) } else { Err("away".into()) };
                Event::Inquired { peer, answer }
            }
            Effect::Send(conn, message) => {
                if let Some(to) = self.other_end(name, conn) {
                    self.queue.push_back((to, Event::Received(conn, message)));
                }
                return;
            }
            Effect::Close(conn) => {
                if let Some(to) = self.other_end(name, conn) {
                    self.queue.push_back((to, Event::Closed(conn)));
                }
                return;
            }
            Effect::SaveState(state) => {
                node.state = state;
                return;
            }
            Effect::Append(entries) => {
                node.appended.push(entries.iter().map(|entry| entry.kind).collect());
                node.log.extend(entries);
                Event::Durable(node.log.last().unwrap().position())
            }
            Effect::SetAside(entries) => {
                node.aside.extend(entries);
                return;
            }
            Effect::Truncate { after } => {
                node.log.truncate(after as usize);
                return;
            }
            Effect::Apply(entries) => {
                let digests = entries.iter().map(|(entry, _)| entry.hash ^ node.flaw).collect();
                let done = entries.iter().filter_map(|(_, id)| *id).map(|id| (id, "done".into()));
                self.answers.extend(done);
                Event::Applied { first: entries[0].0.index, digests }
            }
            Effect::ReadRegister if self.register_up => {
                self.readers.push(name.into());
                Event::RegisterRead(Ok(self.register.clone()))
            }
            Effect::ReadRegister => {
                Event::RegisterRead(Err(RegisterFailure::Unreachable("switched off".into())))
            }
            Effect::WriteRegister { base, record } if self.register_up => {
                if base.version == self.register.version {
                    self.register.version = record.epoch.to_string();
                    self.register.record = Some(record);
                    Event::RegisterWritten(WriteAnswer::Written)
                } else {
                    Event::RegisterWritten(WriteAnswer::Conflict)
                }
            }
            Effect::WriteRegister { .. } => {
                Event::RegisterWritten(WriteAnswer::NoAnswer("switched off".into()))
            }
            Effect::Serve(ids) => {
                self.answers.extend(ids.into_iter().map(|id| (id, "read".into())));
                return;
            }
            Effect::Reject(ids, why) => {
                self.answers.extend(ids.into_iter().map(|id| (id, format!("{why:?}"))));
                return;
            }
            Effect::HandedOver(id) => {
                self.answers.push((id, "handed over".into()));
                return;
            }
            Effect::EndLife(_) | Effect::Renew(_) | Effect::Left | Effect::Halt(_) => {
                self.kill(name);
                return;
            }
            _ => return,
        };
        self.queue.push_back((name.into(), answer));
    }

    fn kill(&mut self, name: &str) {
        self.nodes.get_mut(name).unwrap().up = false;
        for (&conn, (from, to)) in &self.streams {
            let other = if from == name { to } else { from };
            self.queue.push_back((other.clone(), Event::Closed(conn)));
        }
    }

    fn restart(&mut self, name: &str) {
        let node = &self.nodes[name];
        let flaw = node.flaw;
        let node = start(name, node.log.clone(), node.state.clone(), node.life + 1, self.now);
        self.nodes.insert(name.into(), Node { flaw, ..node });
    }

    fn put(&mut self, name: &str, id: u64) {
        self.propose(name, id, Kind::Command, Bytes::from_static(b"x"));
    }

    fn propose(&mut self, name: &str, id: u64, kind: Kind, payload: Bytes) {
        self.ask(
            name,
            vec![Proposal { id: RequestId(id), kind, payload, firm: false, upkeep: false }],
            vec![],
        );
    }

    fn ask(&mut self, name: &str, proposals: Vec<Proposal>, reads: Vec<RequestId>) {
        self.queue.push_back((name.into(), Event::Requests { proposals, reads }));
    }

    fn answer(&self, id: u64) -> Option<&str> {
        self.answers.iter().find(|(i, _)| i.0 == id).map(|(_, answer)| answer.as_str())
    }

    fn role(&self, name: &str) -> &'static str {
        self.nodes[name].replica.status().role
    }

    fn members(&self) -> Vec<String> {
        self.register.record.iter().flat_map(|r| &r.members).map(|m| m.name.clone()).collect()
    }
}

fn born() -> Pair {
    let mut pair = Pair::new();
    pair.run(1000);
    assert_eq!((pair.role("a"), pair.role("b")), ("primary", "backup"));
    assert_eq!(pair.members(), ["a", "b"]);
    pair
}

#[test]
fn a_pair_is_born_and_answers_when_both_hold_the_entry() {
    let mut pair = born();
    pair.put("a", 1);
    pair.ask("a", vec![], vec![RequestId(2)]);
    pair.put("b", 3);
    pair.run(200);
    assert_eq!(pair.answer(1), Some("done"));
    assert_eq!(pair.answer(2), Some("read"));
    assert!(pair.answer(3).unwrap().contains("client-a"), "{:?}", pair.answer(3));
    assert_eq!(pair.nodes["a"].log, pair.nodes["b"].log);
}

#[test]
fn the_backup_takes_over_and_the_old_primary_joins_again() {
    let mut pair = born();
    pair.put("a", 1);
    pair.run(200);
    pair.kill("a");
    pair.run(200);
    assert_eq!((pair.role("b"), pair.members()), ("primary", vec!["b".to_string()]));
    pair.put("b", 2);
    pair.run(100);
    assert_eq!(pair.answer(2), Some("done"));
    pair.restart("a");
    pair.run(1000);
    assert_eq!((pair.role("a"), pair.members().len()), ("backup", 2));
    assert_eq!(pair.nodes["a"].log, pair.nodes["b"].log);
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
    let nobody = Event::HandOver { id: RequestId(8), to: Some("c".into()) };
    pair.queue.push_back(("a".into(), nobody));
    pair.run(100);
    assert!(pair.answer(8).unwrap().contains("c is no backup"), "{:?}", pair.answer(8));
    let order = Event::HandOver { id: RequestId(9), to: Some("b".into()) };
    pair.queue.push_back(("a".into(), order));
    pair.run(1000);
    assert_eq!(pair.answer(9), Some("handed over"));
    assert_eq!((pair.role("a"), pair.role("b")), ("backup", "primary"));
    assert_eq!(pair.members(), ["a", "b"]);
}

impl Pair {
    fn room(&mut self, name: &str, room: Room) {
        self.queue.push_back((name.into(), Event::Space(room)));
    }

    fn keep_up(&mut self, name: &str, id: u64) {
        let payload = Bytes::from_static(b"x");
        let id = RequestId(id);
        let upkeep = Proposal { id, kind: Kind::Command, payload, firm: false, upkeep: true };
        self.ask(name, vec![upkeep], vec![]);
    }
}

#[test]
fn a_primary_whose_disk_is_full_hands_over_within_a_second_and_joins_again_when_there_is_room() {
    let mut pair = born();
    pair.put("a", 1);
    pair.room("a", Room::Reserve);
    pair.run(1000);
    assert_eq!((pair.answer(1), pair.role("b")), (Some("done"), "primary"));
    assert_eq!(pair.members(), ["b"], "nothing waits for a full disk");
    pair.put("b", 2);
    pair.run(50);
    assert_eq!(pair.answer(2), Some("done"));
    let held = pair.nodes["a"].log.len();
    assert!(held < pair.nodes["b"].log.len(), "what room is left is not filled");
    pair.room("a", Room::Ample);
    pair.run(1000);
    assert_eq!((pair.role("a"), pair.members().len()), ("backup", 2));
    assert_eq!(pair.nodes["a"].log, pair.nodes["b"].log);
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
        (Some("done"), "primary", 2)
    );
}

#[test]
fn a_backup_whose_disk_is_full_is_dropped_at_once() {
    let mut pair = born();
    pair.room("b", Room::Reserve);
    pair.run(100);
    assert_eq!((pair.role("b"), pair.members()), ("spare", vec!["a".to_string()]));
    let order = Event::HandOver { id: RequestId(8), to: Some("b".into()) };
    pair.queue.push_back(("a".into(), order));
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
    assert_eq!((pair.role("a"), pair.members().len()), ("primary", 2));
    assert_eq!(pair.nodes["a"].log, pair.nodes["b"].log);
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
        pair.ask("a", vec![], vec![RequestId(1000 + id)]);
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
    pair.queue.push_back(("a".into(), Event::HandOver { id: RequestId(9), to: None }));
    while primary(&pair) == a {
        let (name, event) = pair.queue.pop_front().unwrap();
        pair.step(&name, event);
    }
    pair.register_up = false;
    pair.run(200);
    assert_eq!((pair.answer(9), pair.role("a"), dialled(&pair)), (None, "primary", 1));
    pair.register_up = true;
    pair.run(200);
    assert_eq!(pair.answer(9), Some("handed over"));
    assert_eq!((pair.role("a"), pair.role("b"), dialled(&pair)), ("backup", "primary", 1));
}

#[test]
fn both_killed_at_once_return_with_everything() {
    let mut pair = born();
    pair.put("a", 1);
    pair.run(100);
    let held = pair.nodes["a"].log.clone();
    pair.kill("a");
    pair.kill("b");
    pair.run(100);
    pair.restart("b");
    pair.run(20);
    pair.restart("a");
    pair.run(2000);
    assert_eq!(pair.members().len(), 2);
    assert!(pair.nodes["b"].log.starts_with(&held));
    assert_eq!(pair.nodes["a"].log, pair.nodes["b"].log);
}

#[test]
fn leaving_replicas_owe_nobody_anything() {
    let mut pair = born();
    pair.queue.push_back(("a".into(), Event::Leave));
    pair.run(500);
    assert!(!pair.nodes["a"].up);
    assert_eq!((pair.role("b"), pair.members()), ("primary", vec!["b".to_string()]));
    pair.restart("a");
    pair.run(1000);
    pair.queue.push_back(("a".into(), Event::Leave));
    pair.run(500);
    assert!(!pair.nodes["a"].up, "a backup leaves once it is dropped");
    assert_eq!(pair.members(), ["b"]);
}

#[test]
fn whoever_leaves_notes_what_is_committed() {
    let mut pair = born();
    pair.put("a", 1);
    pair.queue.push_back(("a".into(), Event::Leave));
    pair.run(500);
    assert_eq!(pair.answer(1), Some("done"));
    let a = &pair.nodes["a"];
    assert!(!a.up);
    assert_eq!(a.state.commit, a.log.last().unwrap().index, "no entry came that would tell");
}

/// A pair whose backup computes something else than its primary, found and in its next life.
fn differing() -> Pair {
    let mut pair = born();
    pair.nodes.get_mut("b").unwrap().flaw = 1;
    pair.put("a", 1);
    pair.run(500);
    let b = &pair.nodes["b"];
    assert!(!b.up && b.state.replaying, "its life ends, to replay from snapshot and log");
    pair
}

#[test]
fn a_replica_whose_digest_differs_once_replays_and_goes_on() {
    let mut pair = differing();
    pair.nodes.get_mut("b").unwrap().flaw = 0;
    pair.restart("b");
    pair.run(1000);
    pair.put("a", 2);
    pair.run(500);
    assert_eq!((pair.role("b"), pair.nodes["b"].state.replaying), ("backup", false));
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
    assert_eq!(pair.role("b"), "halted", "another life does not change that");
    assert_eq!(pair.answer(2), Some("done"), "the primary serves on without it");
}

#[test]
fn a_leaving_backup_refuses_to_take_over_and_both_stay_named() {
    let mut pair = born();
    pair.register_up = false;
    pair.queue.push_back(("b".into(), Event::Leave));
    pair.queue.push_back(("a".into(), Event::Leave));
    pair.run(5000);
    assert!(!pair.nodes["a"].up && !pair.nodes["b"].up);
    assert_eq!(pair.members(), ["a", "b"]);
}

#[test]
fn with_one_copy_of_two_time_and_settings_go_on_and_commands_do_not() {
    let mut pair = born();
    let both = Settings { min_copies: 2, ..Settings::default() };
    pair.propose("a", 1, Kind::Settings, both.encode().into());
    pair.run(200);
    pair.kill("b");
    pair.put("a", 9);
    pair.run(3000);
    assert_eq!((pair.answer(1), pair.answer(9)), (Some("done"), None));
    assert_eq!(pair.members(), ["a"]);
    pair.put("a", 2);
    pair.propose("a", 3, Kind::Tick, Bytes::new());
    pair.propose("a", 4, Kind::Settings, Settings::default().encode().into());
    pair.run(200);
    assert_eq!(pair.answer(2), Some("TooFewCopies"));
    assert_eq!((pair.answer(3), pair.answer(4)), (Some("done"), Some("done")));
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
    assert_eq!(pair.role("b"), "primary");
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
    let hello = Event::Received(ConnId(99), Message::Hello(Box::new(stranger)));
    pair.queue.push_back(("b".into(), hello));
    pair.run(500);
    assert!(pair.readers.contains(&"a".to_string()), "the follower told its primary");
    assert_eq!((pair.role("a"), pair.role("b")), ("primary", "backup"), "the register says so");
    pair.register.record.as_mut().unwrap().epoch = 9;
    pair.register.record.as_mut().unwrap().primary = Incarnation(3);
    pair.run(500);
    assert!(!pair.nodes["a"].up, "now it does not");
}
