//! A follower whose primary says what no primary should: it hangs up or halts, and takes nothing in.
#![allow(clippy::unwrap_used, missing_docs)]

use understudy_protocol::*;

mod common;
use common::{config, pair, state};

const CONN: ConnId = ConnId(1);
const EPOCH: Epoch = 4;

/// Replica b, named in epoch 4 of primary a; it has two entries, the first committed.
struct Backup {
    replica: Replica,
    now: Now,
    log: Vec<Entry>,
}

fn entries(mut last: Position, epoch: Epoch, count: usize) -> Vec<Entry> {
    let next = |_| {
        let entry = Entry::after(last, epoch, Time::default(), Kind::Command, "x".into());
        last = entry.position();
        entry
    };
    (0..count).map(next).collect()
}

fn append(epoch: Epoch, previous: Position, entries: Vec<Entry>) -> Message {
    Message::Append(Append { epoch, previous, entries, commit: 2, round: 1, digest: (0, 0) })
}

impl Backup {
    /// Has just said hello.
    fn greeting() -> Self {
        let config = config("b", &["a"]);
        let state = state(EPOCH, 1);
        let log = entries(Position::default(), 1, 2);
        let recovered = Recovered {
            incarnation: Incarnation(2),
            life: 2,
            state,
            first: 1,
            runs: vec![(1, 2)],
            entries: log.clone(),
            ..Recovered::default()
        };
        let now = Now { mono: 1, wall: 1 };
        let mut backup = Backup { replica: Replica::new(config, recovered, now), now, log };
        backup.step(Event::Tick);
        backup.step(Event::RegisterRead(Ok(pair(EPOCH))));
        backup.step(Event::Applied { first: 1, digests: vec![7] });
        backup.step(Event::Connected(CONN));
        backup
    }

    fn following() -> Self {
        let mut backup = Backup::greeting();
        backup.hear(Message::Welcome {
            epoch: EPOCH,
            cluster: ClusterId(1),
            ordered: 0,
            records: Vec::new(),
        });
        assert_eq!(backup.replica.status().role, RoleName::Backup);
        backup
    }

    fn step(&mut self, event: Event) -> Vec<Effect> {
        self.now.mono += MS;
        self.replica.step(self.now, event)
    }

    fn hear(&mut self, message: Message) -> Vec<Effect> {
        self.step(Event::Received(CONN, message))
    }

    /// It closes the stream, takes nothing in and acknowledges nothing.
    fn hangs_up(&mut self, message: Message) -> String {
        let effects = self.hear(message);
        assert!(effects.contains(&Effect::Close(CONN)), "{effects:?}");
        let took = |effect: &Effect| {
            let stored = matches!(effect, Effect::Append(_) | Effect::StoreSnapshot(..));
            stored || matches!(effect, Effect::Send(..) | Effect::Truncate { .. })
        };
        assert!(!effects.iter().any(took), "{effects:?}");
        let note = effects.into_iter().find_map(|effect| match effect {
            Effect::Note(text) => Some(text),
            _ => None,
        });
        note.unwrap_or_else(|| self.replica.status().reason)
    }

    fn halts(&mut self, message: Message) -> String {
        self.hear(message);
        let status = self.replica.status();
        assert_eq!(status.role, RoleName::Halted);
        status.reason
    }

    /// It halts permanently, says so to the primary, and cuts nothing.
    fn contradicts(&mut self, message: Message) -> String {
        let effects = self.hear(message);
        let status = self.replica.status();
        assert_eq!(status.role, RoleName::Halted);
        let told = |effect: &Effect| matches!(effect, Effect::Send(_, Message::Contradiction(_)));
        assert!(effects.iter().any(told), "the primary hears of it: {effects:?}");
        let kept = |effect: &Effect| match effect {
            Effect::SaveState(state) => state.halted.as_ref() == Some(&status.reason),
            _ => false,
        };
        assert!(effects.iter().any(kept), "so does the next life: {effects:?}");
        let cut = |effect: &Effect| matches!(effect, Effect::Truncate { .. } | Effect::Append(_));
        assert!(!effects.iter().any(cut), "{effects:?}");
        status.reason
    }
}

#[test]
fn entries_of_an_old_epoch_are_not_taken() {
    let mut backup = Backup::following();
    let last = backup.log[1].position();
    let why = backup.hangs_up(append(EPOCH - 1, last, entries(last, 1, 1)));
    assert!(why.contains("old epoch 3"), "{why}");
}

#[test]
fn entries_after_a_position_that_is_not_here_are_not_taken() {
    let mut backup = Backup::following();
    let elsewhere = Position { index: 2, epoch: 2, hash: 5 };
    let why = backup.hangs_up(append(EPOCH, elsewhere, entries(elsewhere, 1, 1)));
    assert!(why.contains("do not follow entry 2"), "{why}");
    assert_eq!(backup.replica.status().reason, why, "an operator sees why it gets no further");
}

/// Rule 7: it has happened, so the register or a disk went back.
#[test]
fn another_entry_of_the_same_index_and_epoch_halts() {
    let elsewhere = Position { index: 2, epoch: 1, hash: 5 };
    let told = append(EPOCH, elsewhere, entries(elsewhere, 1, 1));
    let why = Backup::following().contradicts(told);
    assert!(why.contains("there are two entries 2 of epoch 1"), "{why}");
}

#[test]
fn entries_that_do_not_chain_are_not_taken() {
    let mut backup = Backup::following();
    let last = backup.log[1].position();
    let mut damaged = entries(last, EPOCH, 2);
    damaged[1].payload = "y".into();
    let why = backup.hangs_up(append(EPOCH, last, damaged));
    assert!(why.contains("up to 4 arrived damaged"), "{why}");
}

#[test]
fn an_entry_that_contradicts_a_committed_one_halts() {
    let mut backup = Backup::following();
    let other = entries(Position::default(), 2, 1);
    let why = backup.contradicts(append(EPOCH, Position::default(), other));
    assert!(why.contains("lacks entry 1 of epoch 1"), "{why}");
}

#[test]
fn a_snapshot_of_what_is_committed_here_is_not_taken() {
    let mut backup = Backup::following();
    let snapshot = Snapshot { position: backup.log[0].position(), ..Snapshot::default() };
    let part = |epoch| {
        let (data, last, background) = ("m".into(), true, false);
        SnapshotPart { epoch, snapshot, offset: 0, data, last, background }
    };
    let why = backup.hangs_up(Message::SnapshotPart(part(EPOCH)));
    assert!(why.contains("up to 1 brings nothing"), "{why}");
    let why = Backup::following().hangs_up(Message::SnapshotPart(part(1)));
    assert!(why.contains("old epoch 1"), "{why}");
}

#[test]
fn what_only_followers_say_ends_the_stream() {
    let ack = Message::Ack(Ack {
        epoch: EPOCH,
        verified: 2,
        durable: 2,
        round: 0,
        newer: None,
        full: false,
    });
    Backup::greeting().hangs_up(ack.clone());
    Backup::following().hangs_up(ack);
}

#[test]
fn a_welcome_of_an_old_epoch_or_another_cluster_is_none() {
    let mut backup = Backup::greeting();
    let why = backup.hangs_up(Message::Welcome {
        epoch: EPOCH - 1,
        cluster: ClusterId(1),
        ordered: 0,
        records: Vec::new(),
    });
    assert!(why.contains("old epoch 3"), "{why}");
    let mut backup = Backup::greeting();
    let why = backup.hangs_up(Message::Welcome {
        epoch: EPOCH,
        cluster: ClusterId(8),
        ordered: 0,
        records: Vec::new(),
    });
    assert!(why.contains("another cluster"), "{why}");
}

#[test]
fn a_refusal_says_why_it_waits() {
    for (refusal, wanted) in [
        (Refusal::WrongCluster(ClusterId(8)), "another cluster"),
        (Refusal::WrongVersion(9), "protocol version 9"),
        (Refusal::Other("no room".into()), "refuses: no room"),
    ] {
        let why = Backup::greeting().hangs_up(Message::Refused(refusal));
        assert!(why.contains(wanted), "{why}");
    }
    let why = Backup::greeting().halts(Message::Refused(Refusal::OldLife(3)));
    assert!(why.contains("life 3 of this copy is running elsewhere"), "{why}");
}

#[test]
fn entries_of_a_newer_epoch_than_their_message_are_not_taken() {
    let mut backup = Backup::following();
    let last = backup.log[1].position();
    backup.hangs_up(append(EPOCH, last, entries(last, EPOCH + 5, 1)));
}

/// Logged time stands still at its end rather than start over.
#[test]
fn the_last_moment_of_logged_time_is_no_reason_to_fail() {
    let mut backup = Backup::following();
    let time = Time { wall: u64::MAX, elapsed: u64::MAX };
    let previous = backup.log[1].position();
    let last = Entry::after(previous, EPOCH, time, Kind::Command, "x".into());
    let end = last.position();
    backup.hear(append(EPOCH, previous, vec![last]));
    backup.step(Event::Durable(end));
    backup.hear(Message::TakeOver { epoch: EPOCH, last: end, leaving: true });
    let effects = backup.step(Event::RegisterRead(Ok(pair(EPOCH))));
    assert!(matches!(effects[..], [Effect::WriteRegister { .. }, ..]), "{effects:?}");
    backup.now.mono += MS;
    let effects = backup.step(Event::RegisterWritten(WriteAnswer::Written));
    let opened = effects.iter().find_map(|effect| match effect {
        Effect::Append(entries) => entries.first(),
        _ => None,
    });
    assert_eq!(opened.unwrap().time, time);
    backup.now.mono += MS;
    let proposal = Proposal {
        id: RequestId(1),
        kind: Kind::Command,
        payload: "y".into(),
        requires_commit: false,
        upkeep: false,
    };
    backup.step(Event::Requests { proposals: vec![proposal], reads: Vec::new() });
}
