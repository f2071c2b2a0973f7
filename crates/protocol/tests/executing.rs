//! What a replica gives its machine, and when: in batches, one after the other.
#![allow(clippy::unwrap_used, missing_docs)]

use understudy_protocol::*;

mod common;
use common::{config, pair, state};

const CONN: ConnId = ConnId(1);
const EPOCH: Epoch = 1;

/// Replica b, named in epoch 1 of primary a. Its disk needs no time; its machine answers when asked to.
struct Backup {
    replica: Replica,
    now: Now,
    log: Vec<Entry>,
    /// What the machine was given and has not executed.
    given: Vec<Index>,
    executed: Index,
}

impl Backup {
    /// Starts with this log, all of it committed, and follows.
    fn start(limits: Limits, log: Vec<Entry>) -> Self {
        Backup::begin(limits, log, false)
    }

    /// The same after its digest differed.
    fn start_replaying(limits: Limits, log: Vec<Entry>) -> Self {
        Backup::begin(limits, log, true)
    }

    fn begin(limits: Limits, log: Vec<Entry>, replaying: bool) -> Self {
        let config = Config { limits, ..config("b", &["a"]) };
        let state = HardState { replaying, ..state(EPOCH, log.len() as Index) };
        let recovered = Recovered {
            incarnation: Incarnation(2),
            life: 2,
            state,
            first: 1,
            runs: log.last().map(|last| (last.epoch, last.index)).into_iter().collect(),
            entries: log.clone(),
            ..Recovered::default()
        };
        let now = Now { mono: 1, wall: 1 };
        let replica = Replica::new(config, recovered, now);
        let mut backup = Backup { replica, now, log, given: Vec::new(), executed: 0 };
        backup.step(Event::Tick);
        backup.step(Event::RegisterRead(Ok(pair(EPOCH))));
        backup.step(Event::Connected(CONN));
        backup.hear(Message::Welcome {
            epoch: EPOCH,
            cluster: ClusterId(1),
            ordered: 0,
            records: Vec::new(),
        });
        assert_eq!(backup.status().role, RoleName::Backup);
        backup
    }

    fn status(&self) -> Status {
        self.replica.status()
    }

    fn step(&mut self, event: Event) -> Vec<Effect> {
        self.now.mono += MS;
        let effects = self.replica.step(self.now, event);
        for effect in &effects {
            match effect {
                Effect::Apply(batch) => {
                    assert!(self.given.is_empty(), "one batch at a time");
                    self.given.extend(batch.iter().map(|(entry, _)| entry.index));
                }
                Effect::Append(entries) => self.log.extend(entries.clone()),
                _ => {}
            }
        }
        effects
    }

    fn hear(&mut self, message: Message) -> Vec<Effect> {
        self.step(Event::Received(CONN, message))
    }

    /// The primary sends and commits this many entries.
    fn append(&mut self, kind: Kind, payload: &[u8], count: usize) {
        let previous = self.log.last().map(Entry::position).unwrap_or_default();
        let mut last = previous;
        let next = |_| {
            let payload = payload.to_vec().into();
            let entry = Entry::after(last, EPOCH, Time::default(), kind, payload);
            last = entry.position();
            entry
        };
        let entries = (0..count).map(next).collect();
        let commit = last.index;
        let append = Append { epoch: EPOCH, previous, entries, commit, round: 1, digest: (0, 0) };
        self.hear(Message::Append(append));
        self.step(Event::Durable(last));
        assert_eq!(self.status().commit, commit);
    }

    /// The primary logs and commits these settings.
    fn set(&mut self, backup_execution: BackupExecution) {
        let settings = Settings { backup_execution, ..Settings::default() };
        self.append(Kind::Settings, &settings.encode(), 1);
    }

    /// The primary's process is gone and this replica wins the register.
    fn promote(&mut self) -> Vec<Effect> {
        self.step(Event::Closed(CONN));
        self.step(Event::DialFailed(ProbeResult::Refused));
        self.step(Event::RegisterRead(Ok(pair(EPOCH))));
        let effects = self.step(Event::RegisterWritten(WriteAnswer::Written));
        assert_eq!(self.status().role, RoleName::Opening);
        effects
    }

    /// The machine executes what it was given; gives how much that was.
    fn execute(&mut self) -> usize {
        let given = std::mem::take(&mut self.given);
        let Some(&first) = given.first() else { return 0 };
        assert_eq!(first, self.executed + 1);
        self.executed += given.len() as Index;
        self.step(Event::Applied { first, digests: given.clone() });
        given.len()
    }

    /// The same until it is given nothing more; gives the size of every batch.
    fn execute_all(&mut self) -> Vec<usize> {
        std::iter::repeat_with(|| self.execute()).take_while(|&count| count > 0).collect()
    }
}

fn few() -> Limits {
    Limits { batch_entries: 3, ..Limits::default() }
}

#[test]
fn the_machine_is_given_one_bounded_batch_after_the_other() {
    let mut backup = Backup::start(few(), Vec::new());
    backup.append(Kind::Command, b"x", 7);
    backup.append(Kind::Command, b"x", 1);
    assert_eq!(backup.execute_all(), [3, 3, 2]);
    let limits = Limits { batch_bytes: 1000, ..Limits::default() };
    let mut backup = Backup::start(limits, Vec::new());
    backup.append(Kind::Command, &[7; 600], 3);
    backup.append(Kind::Command, &[7; 5000], 2);
    assert_eq!(backup.execute_all(), [2, 2, 1], "at least one, and no more beyond the bound");
}

#[test]
fn a_replay_at_the_start_is_bounded_too_and_the_replica_follows_meanwhile() {
    let mut before = Backup::start(few(), Vec::new());
    before.append(Kind::Command, b"x", 7);
    let mut backup = Backup::start(few(), before.log);
    assert_eq!((backup.given.len(), backup.status().applied), (3, 0));
    backup.append(Kind::Command, b"x", 1);
    assert_eq!(backup.execute_all(), [3, 3, 2]);
}

#[test]
fn a_deferred_backup_commits_and_executes_nothing() {
    let mut backup = Backup::start(few(), Vec::new());
    backup.append(Kind::Command, b"x", 2);
    backup.set(BackupExecution::Deferred);
    backup.append(Kind::Command, b"x", 5);
    assert_eq!(backup.execute_all(), [2], "what came before the settings");
    let Status { role, commit, applied, settings, .. } = backup.status();
    assert_eq!((role, commit, applied), (RoleName::Backup, 8, 2));
    assert_eq!(settings.backup_execution, BackupExecution::Deferred, "as committed");
}

#[test]
fn a_deferred_backup_that_starts_anew_goes_on_deferring() {
    let mut before = Backup::start(few(), Vec::new());
    before.set(BackupExecution::Deferred);
    before.append(Kind::Command, b"x", 5);
    let mut backup = Backup::start(few(), before.log);
    assert_eq!((backup.execute_all(), backup.status().applied), (vec![], 0));
}

#[test]
fn a_backup_that_shall_execute_again_does_though_it_has_not_executed_that_order() {
    let mut backup = Backup::start(few(), Vec::new());
    backup.set(BackupExecution::Deferred);
    backup.append(Kind::Command, b"x", 5);
    backup.set(BackupExecution::Hot);
    assert_eq!(backup.execute_all(), [3, 3, 1]);
}

#[test]
fn a_deferred_backup_executes_rather_than_let_its_memory_grow() {
    let limits =
        Limits { deferred_bytes: 10_000, window_bytes: 0, batch_bytes: 1, ..Limits::default() };
    let mut backup = Backup::start(limits, Vec::new());
    backup.set(BackupExecution::Deferred);
    backup.append(Kind::Command, &[7; 3000], 3);
    assert_eq!(backup.execute_all(), [], "there is room for more");
    backup.append(Kind::Command, &[7; 3000], 2);
    assert_eq!(backup.execute_all().len(), 3, "the settings are the first of them");
    assert_eq!(backup.status().commit, 6);
}

#[test]
fn a_promoted_backup_executes_all_it_has_after_an_opening_entry_that_is_on_its_way() {
    let mut backup = Backup::start(few(), Vec::new());
    backup.set(BackupExecution::Deferred);
    backup.append(Kind::Command, b"x", 6);
    let effects = backup.promote();
    let place = |wanted: fn(&Effect) -> bool| effects.iter().position(wanted);
    let opened = place(|effect| matches!(effect, Effect::Append(_)));
    assert!(opened < place(|effect| matches!(effect, Effect::Apply(_))), "{effects:?}");
    let end = backup.log.last().unwrap().position();
    let read = Event::Requests { proposals: Vec::new(), reads: vec![RequestId(1)] };
    let served = |effects: Vec<Effect>| effects.contains(&Effect::Serve(vec![RequestId(1)]));
    backup.step(Event::Durable(end));
    assert_eq!((backup.status().commit, backup.status().role), (end.index, RoleName::Opening));
    assert!(!served(backup.step(read)), "nothing is answered before all is executed");
    assert_eq!((backup.execute(), backup.execute()), (3, 3));
    assert_eq!(backup.status().role, RoleName::Opening);
    let first = backup.given[0];
    let digests = std::mem::take(&mut backup.given);
    assert!(served(backup.step(Event::Applied { first, digests })));
    assert_eq!((backup.status().role, backup.status().applied), (RoleName::Primary, end.index));
}

#[test]
fn a_deferred_backup_whose_digest_differed_executes_to_see_whether_it_still_does() {
    let mut backup = Backup::start(few(), Vec::new());
    backup.append(Kind::Command, b"x", 2);
    backup.execute_all();
    backup.set(BackupExecution::Deferred);
    backup.append(Kind::Command, b"x", 2);
    let previous = backup.log.last().unwrap().position();
    let (epoch, entries, commit, digest) = (EPOCH, Vec::new(), previous.index, (5, 99));
    let told = Append { epoch, previous, entries, commit, round: 1, digest };
    backup.hear(Message::Append(told.clone()));
    assert_eq!(backup.status().role, RoleName::Backup, "there is nothing to compare with");
    backup.hear(Message::Append(Append { digest: (2, 99), ..told }));
    assert_eq!(backup.status().role, RoleName::Ended);
    let mut again = Backup::start_replaying(few(), backup.log);
    assert_eq!(again.execute_all(), [3, 2]);
}

/// The only part of a snapshot that the primary sends in the background.
fn part(position: Position) -> Message {
    let snapshot = Snapshot { position, ..Snapshot::default() };
    let (epoch, offset, data, last, background) = (EPOCH, 0, "machine".into(), true, true);
    Message::SnapshotPart(SnapshotPart { epoch, snapshot, offset, data, last, background })
}

fn stored(position: Position) -> Event {
    Event::SnapshotStored { conn: CONN, position, offset: 7 }
}

#[test]
fn a_snapshot_beside_the_log_takes_the_machine_ahead_and_leaves_the_log() {
    let mut backup = Backup::start(few(), Vec::new());
    backup.set(BackupExecution::Deferred);
    backup.append(Kind::Command, b"x", 6);
    let position = backup.log[3].position();
    let effects = backup.hear(part(position));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::StoreSnapshot(..))));
    assert_eq!(backup.status().applied, 0, "not before it is stored");
    let effects = backup.step(stored(position));
    let ack = Effect::Send(CONN, Message::SnapshotAck { position, offset: 7 });
    assert_eq!(effects[0], Effect::AdoptSnapshot(position));
    assert!(effects.contains(&ack), "{effects:?}");
    let Status { snapshot, applied, commit, last, .. } = backup.status();
    assert_eq!((snapshot, applied, commit, last), (4, 4, 7, 7));
    backup.executed = 4;
    backup.promote();
    backup.step(Event::Durable(backup.log.last().unwrap().position()));
    assert_eq!(backup.execute_all(), [3, 1], "what comes after it, and the opening entry");
}

#[test]
fn a_snapshot_beside_the_log_that_does_not_serve_is_not_taken_and_the_stream_stays() {
    let mut backup = Backup::start(few(), Vec::new());
    let refuses = |backup: &mut Backup, position: Position| {
        let effects = backup.hear(part(position));
        let taken =
            |effect: &Effect| matches!(effect, Effect::StoreSnapshot(..) | Effect::Close(_));
        let declined = Effect::Send(CONN, Message::SnapshotAck { position, offset: 0 });
        assert!(!effects.iter().any(taken) && effects.contains(&declined), "{effects:?}");
    };
    backup.append(Kind::Command, b"x", 4);
    let hot = backup.log[1].position();
    refuses(&mut backup, hot);
    assert_eq!(backup.execute_all(), [3, 1]);
    backup.set(BackupExecution::Deferred);
    backup.append(Kind::Command, b"x", 3);
    let executed = backup.log[3].position();
    refuses(&mut backup, executed);
    let of_another_log = Position { hash: 1, ..backup.log[6].position() };
    refuses(&mut backup, of_another_log);
    refuses(&mut backup, Position { index: 9, epoch: EPOCH, hash: 1 });
    // Here in memory, and not on the disk.
    let previous = backup.log[7].position();
    let entry = Entry::after(previous, EPOCH, Time::default(), Kind::Command, "x".into());
    let (epoch, commit, digest) = (EPOCH, 8, (0, 0));
    let entries = vec![entry.clone()];
    let append = Append { epoch, previous, entries, commit, round: 1, digest };
    backup.hear(Message::Append(append));
    refuses(&mut backup, entry.position());
    assert_eq!(backup.status().commit, 8);
}

#[test]
fn a_snapshot_beside_the_log_that_is_stored_too_late_is_left_alone() {
    let mut backup = Backup::start(few(), Vec::new());
    backup.set(BackupExecution::Deferred);
    backup.append(Kind::Command, b"x", 3);
    let position = backup.log[2].position();
    backup.hear(part(position));
    backup.set(BackupExecution::Hot);
    let effects = backup.step(stored(position));
    assert!(!effects.contains(&Effect::AdoptSnapshot(position)), "{effects:?}");
    assert_eq!(backup.execute_all(), [3, 2]);
}

#[test]
fn a_snapshot_beside_the_log_tells_what_is_committed() {
    let mut backup = Backup::start(few(), Vec::new());
    backup.set(BackupExecution::Deferred);
    let previous = backup.log[0].position();
    let entry = Entry::after(previous, EPOCH, Time::default(), Kind::Command, "x".into());
    let (epoch, commit, digest) = (EPOCH, 1, (0, 0));
    let entries = vec![entry.clone()];
    backup.hear(Message::Append(Append { epoch, previous, entries, commit, round: 1, digest }));
    backup.step(Event::Durable(entry.position()));
    assert_eq!(backup.status().commit, 1);
    backup.hear(part(entry.position()));
    backup.step(stored(entry.position()));
    assert_eq!((backup.status().commit, backup.status().applied), (2, 2));
}
