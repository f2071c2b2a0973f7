//! Acknowledgement by receipt: what counts, from when on, and what a copy does that crashed meanwhile.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::VecDeque;

use understudy_protocol::*;

mod common;
use common::config;

const B: ConnId = ConnId(2);
const C: ConnId = ConnId(3);

fn member(name: &str) -> Member {
    common::member(u128::from(name.as_bytes()[0]), name)
}

fn settings(acknowledgement: Acknowledgement) -> Settings {
    Settings { acknowledgement, ..Settings::default() }
}

fn received() -> Settings {
    settings(Acknowledgement::Received)
}

fn register(epoch: Epoch, primary: &str, members: &[&str]) -> Observed {
    let record = Record {
        cluster: ClusterId(1),
        epoch,
        primary: member(primary).incarnation,
        members: members.iter().map(|name| member(name)).collect(),
        floor: 0,
        nonce: Nonce(epoch.into()),
    };
    Observed { uid: RegisterUid(5), version: epoch.to_string(), record: Some(record) }
}

/// An opening entry and settings, both of that epoch.
fn log(epoch: Epoch, settings: Settings) -> Vec<Entry> {
    let open =
        Entry::after(Position::default(), epoch, Time::default(), Kind::Open, Default::default());
    let rule = Entry::after(
        open.position(),
        epoch,
        Time::default(),
        Kind::Settings,
        settings.encode().into(),
    );
    vec![open, rule]
}

/// One replica, a machine and a register that do as they are told.
struct One {
    replica: Replica,
    now: Now,
    register: Observed,
    said: Vec<Effect>,
}

impl One {
    /// Starts with that log in epoch 1; the last life ended in order or not.
    fn start(name: &str, entries: &[Entry], register: Observed, clean: bool) -> One {
        let config = config(name, &[]);
        let epoch = entries.last().unwrap().epoch;
        let state = HardState {
            cluster: Some(ClusterId(1)),
            register: Some(RegisterUid(5)),
            epoch,
            ..HardState::default()
        };
        let recovered = Recovered {
            incarnation: member(name).incarnation,
            life: 2,
            state,
            first: 1,
            runs: vec![(epoch, entries.len() as Index)],
            entries: entries.to_vec(),
            clean,
            ..Recovered::default()
        };
        let now = Now { mono: 1, wall: 1 };
        let replica = Replica::new(config, recovered, now);
        let mut one = One { replica, now, register, said: Vec::new() };
        one.tick();
        one
    }

    fn tick(&mut self) {
        self.now.mono += 200 * MS;
        self.step(Event::Tick);
    }

    /// Register and machine answer at once; the disk when it is told to.
    fn step(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            self.now.mono += 1;
            for effect in self.replica.step(self.now, event) {
                match &effect {
                    Effect::ReadRegister => {
                        events.push_back(Event::RegisterRead(Ok(self.register.clone())));
                    }
                    Effect::WriteRegister { record, .. } => {
                        self.register.version = record.epoch.to_string();
                        self.register.record = Some(record.clone());
                        events.push_back(Event::RegisterWritten(WriteAnswer::Written));
                    }
                    Effect::Apply(batch) => {
                        let first = batch[0].0.index;
                        events.push_back(Event::Applied { first, digests: vec![0; batch.len()] });
                    }
                    _ => {}
                }
                self.said.push(effect);
            }
        }
    }

    fn hears(&mut self, conn: ConnId, message: Message) {
        self.step(Event::Received(conn, message));
    }

    fn hello(&mut self, conn: ConnId, name: &str, life: Life, entries: &[Entry]) {
        let hello = Hello {
            version: PROTOCOL_VERSION,
            cluster: Some(ClusterId(1)),
            member: member(name),
            life,
            epoch: 1,
            nonce: None,
            commit: Default::default(),
            first: 1,
            runs: runs(entries),
            full: false,
            memory: None,
        };
        self.hears(conn, Message::Hello(Box::new(hello)));
    }

    fn ack(&mut self, conn: ConnId, verified: Index, durable: Index) {
        let epoch = self.replica.status().epoch;
        self.hears(
            conn,
            Message::Ack(Ack { epoch, verified, durable, round: 0, newer: None, full: false }),
        );
    }

    fn propose(&mut self, kind: Kind, payload: Vec<u8>) {
        let id = RequestId(self.now.mono);
        let proposal =
            Proposal { id, kind, payload: payload.into(), requires_commit: false, upkeep: false };
        self.step(Event::Requests { proposals: vec![proposal], reads: Vec::new() });
    }

    /// Its own disk has everything.
    fn syncs(&mut self) {
        let appended = self.said.iter().rev().find_map(|effect| match effect {
            Effect::Append(entries) => entries.last(),
            _ => None,
        });
        let position = appended.unwrap().position();
        self.step(Event::Durable(position));
    }

    /// What has opened its epoch.
    fn opening(&self) -> Option<Entry> {
        self.said.iter().find_map(|effect| match effect {
            Effect::Append(entries) => entries.first().filter(|e| e.kind == Kind::Open).cloned(),
            _ => None,
        })
    }

    fn commit(&self) -> Index {
        self.replica.status().commit
    }

    fn role(&self) -> RoleName {
        self.replica.status().role
    }

    fn renewed(&self) -> bool {
        self.said.iter().any(|effect| matches!(effect, Effect::Renew(_)))
    }
}

fn runs(entries: &[Entry]) -> Vec<(Epoch, Index)> {
    let mut runs: Vec<(Epoch, Index)> = Vec::new();
    for entry in entries {
        match runs.last_mut() {
            Some(run) if run.0 == entry.epoch => run.1 = entry.index,
            _ => runs.push((entry.epoch, entry.index)),
        }
    }
    runs
}

/// a acts in epoch 2, with backup b on a stream; entry 2 is the settings, 3 the opening entry, and
/// everything is held by both.
fn primary(rule: Settings) -> One {
    let entries = log(1, rule);
    let mut one = One::start("a", &entries, register(1, "a", &["a", "b"]), true);
    assert_eq!(one.role(), RoleName::Opening);
    one.hello(B, "b", 1, &entries);
    one.syncs();
    one.ack(B, 3, 3);
    assert_eq!((one.role(), one.commit()), (RoleName::Primary, 3));
    one
}

#[test]
fn what_a_backup_has_in_memory_counts_once_the_own_disk_has_it() {
    for (rule, commit) in [(received(), 4), (Settings::default(), 3)] {
        let mut one = primary(rule);
        one.propose(Kind::Command, b"x".to_vec());
        one.ack(B, 4, 3);
        assert_eq!(one.commit(), 3, "not on the own disk");
        one.syncs();
        assert_eq!(one.commit(), commit);
        one.ack(B, 4, 4);
        assert_eq!(one.commit(), 4);
    }
}

#[test]
fn what_comes_after_settings_counts_by_their_rule() {
    let mut one = primary(received());
    one.propose(Kind::Settings, Settings::default().encode());
    one.propose(Kind::Command, b"x".to_vec());
    one.syncs();
    one.ack(B, 5, 3);
    assert_eq!(one.commit(), 4, "the settings by the old rule, the rest by the new one");
    one.ack(B, 5, 5);
    assert_eq!(one.commit(), 5);

    let mut one = primary(Settings::default());
    one.propose(Kind::Settings, received().encode());
    one.propose(Kind::Command, b"x".to_vec());
    one.syncs();
    one.ack(B, 5, 3);
    assert_eq!(one.commit(), 3);
    one.ack(B, 5, 4);
    assert_eq!(one.commit(), 5, "the settings are durable on both, so the rest counts at once");
}

#[test]
fn a_learner_counts_for_what_is_durable_until_the_register_names_it() {
    let entries = log(1, received());
    let mut one = One::start("a", &entries, register(1, "a", &["a"]), true);
    one.syncs();
    one.hello(C, "c", 1, &entries);
    one.propose(Kind::Command, b"x".to_vec());
    one.syncs();
    assert_eq!(one.commit(), 4);
    // Obliged from here on, as it is caught up; its barrier is entry 4.
    one.ack(C, 3, 3);
    one.propose(Kind::Command, b"y".to_vec());
    one.syncs();
    one.ack(C, 5, 3);
    assert_eq!(one.commit(), 4, "in a learner's memory");
    one.ack(C, 5, 4);
    one.tick();
    assert_eq!(one.replica.status().members.len(), 2);
    assert_eq!(one.commit(), 4, "received before it was named");
    one.ack(C, 5, 4);
    assert_eq!(one.commit(), 5, "in a member's memory");
}

#[test]
fn what_another_life_had_in_memory_counts_no_more() {
    let mut one = primary(received());
    let mut entries = log(1, received());
    entries.extend(one.opening());
    one.propose(Kind::Command, b"x".to_vec());
    one.ack(B, 4, 3);
    one.hello(B, "b", 2, &entries);
    one.syncs();
    assert_eq!(one.commit(), 3);
    // A new stream of the same life keeps it.
    one.ack(B, 4, 3);
    assert_eq!(one.commit(), 4);
    one.propose(Kind::Command, b"y".to_vec());
    one.ack(B, 5, 3);
    one.hello(ConnId(9), "b", 2, &entries);
    one.syncs();
    assert_eq!(one.commit(), 5);
}

#[test]
fn a_handover_waits_for_the_backups_disk() {
    let mut one = primary(received());
    one.propose(Kind::Command, b"x".to_vec());
    one.syncs();
    one.ack(B, 4, 3);
    let offered = |one: &One| {
        let offer = |e: &Effect| matches!(e, Effect::Send(B, Message::TakeOver { .. }));
        one.said.iter().any(offer)
    };
    one.step(Event::HandOver { id: RequestId(1), to: None });
    assert!(one.commit() == 4 && !offered(&one));
    one.ack(B, 4, 4);
    assert!(offered(&one));
}

#[test]
fn a_backup_whose_disk_does_not_get_on_is_dropped_though_nothing_waits() {
    let mut one = primary(received());
    one.propose(Kind::Command, b"x".to_vec());
    one.syncs();
    for _ in 0..20 {
        one.ack(B, 4, 3);
        one.tick();
    }
    assert_eq!((one.commit(), one.replica.status().members.len()), (4, 1));
}

/// How b's life begins after a crash, in epoch 3 of the register.
fn after_crash(rule: Settings, epoch: Epoch, primary: &str, members: &[&str], clean: bool) -> One {
    One::start("b", &log(epoch, rule), register(3, primary, members), clean)
}

#[test]
fn a_copy_that_crashed_while_receipt_counted_comes_back_as_another() {
    assert!(after_crash(received(), 2, "a", &["a", "b"], false).renewed());
    for (rule, members, clean) in [
        (received(), ["a", "b"], true),
        (Settings::default(), ["a", "b"], false),
        (received(), ["a", "c"], false),
    ] {
        let one = after_crash(rule, 2, "a", &members, clean);
        assert!(!one.renewed() && !one.replica.is_in_doubt(), "{rule:?} {members:?} {clean}");
        assert!([RoleName::Waiting, RoleName::Learner].contains(&one.role()));
    }
}

#[test]
fn the_last_settings_in_the_log_decide_though_nobody_has_executed_them() {
    for (first, last, renewed) in
        [(Settings::default(), received(), true), (received(), Settings::default(), false)]
    {
        let mut entries = log(2, first);
        let end = entries[1].position();
        let payload = last.encode().into();
        entries.push(Entry::after(end, 2, Time::default(), Kind::Settings, payload));
        let one = One::start("b", &entries, register(3, "a", &["a", "b"]), false);
        assert_eq!(one.renewed(), renewed);
    }
}

#[test]
fn an_only_member_and_one_that_has_acted_go_on_after_a_crash() {
    assert_eq!(after_crash(received(), 2, "b", &["b"], false).role(), RoleName::Opening);
    assert_eq!(after_crash(received(), 3, "b", &["a", "b"], false).role(), RoleName::Opening);
}

#[test]
fn a_primary_that_cannot_tell_what_it_has_forgotten_waits_for_a_backup() {
    let mut one = after_crash(received(), 2, "b", &["a", "b"], false);
    assert_eq!(one.role(), RoleName::Starting);
    let reason = one.replica.status().reason;
    assert!(reason.contains("waits for a to take over"), "{reason}");
    one.hello(B, "a", 1, &log(2, received()));
    let refused = Message::Refused(Refusal::NotPrimary(2));
    assert!(one.said.contains(&Effect::Send(B, refused)));
    one.register = register(4, "a", &["a", "b"]);
    one.tick();
    assert!(one.renewed());
}

#[test]
fn a_doubt_outlives_the_life_that_has_it() {
    let mut one = after_crash(received(), 2, "b", &["a", "b"], false);
    one.step(Event::Leave);
    assert!(one.said.contains(&Effect::Left));
    assert!(one.replica.is_in_doubt(), "no mark of an orderly end");
}

/// b on a stream of a's, in epoch 2, with an entry in memory that its disk does not have.
fn backup(rule: Settings) -> One {
    let entries = log(2, rule);
    let mut one = One::start("b", &entries, register(2, "a", &["a", "b"]), true);
    one.step(Event::Connected(B));
    one.hears(
        B,
        Message::Welcome { epoch: 2, cluster: ClusterId(1), ordered: 0, records: Vec::new() },
    );
    let previous = entries[1].position();
    let next = Entry::after(previous, 2, Time::default(), Kind::Command, "x".into());
    let append =
        Append { epoch: 2, previous, entries: vec![next], commit: 2, round: 0, digest: (0, 0) };
    one.hears(B, Message::Append(append));
    let acked = one.said.iter().rev().find_map(|effect| match effect {
        Effect::Send(B, Message::Ack(ack)) => Some((ack.verified, ack.durable)),
        _ => None,
    });
    assert_eq!(acked, Some((3, 2)), "says at once what it has in memory");
    one
}

#[test]
fn a_full_disk_cuts_nothing_that_counts() {
    for (rule, last) in [(received(), 3), (Settings::default(), 2)] {
        let mut one = backup(rule);
        one.step(Event::Space(Room::None));
        assert_eq!(one.replica.status().last, last);
    }
}

#[test]
fn a_promoted_backup_has_everything_on_disk_and_keeps_the_old_primary_named() {
    for (rule, members) in [(received(), 2), (Settings::default(), 1)] {
        let mut one = backup(rule);
        one.step(Event::Closed(B));
        one.step(Event::DialFailed(ProbeResult::Refused));
        one.tick();
        assert_eq!(one.role(), RoleName::Waiting, "its disk does not have its log");
        one.syncs();
        one.tick();
        assert_eq!(one.role(), RoleName::Opening);
        assert_eq!(one.register.record.unwrap().members.len(), members);
    }
}
