//! Snapshots: made in the background, received in parts, and whole after any crash.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Write;

use common::{entries, machine, open, parts, put, read_snapshot, snapshot, state, write_snapshot};
use understudy_protocol::{ClusterId, Position, Settings, Snapshot, Time};
use understudy_wal::sim::SimDisk;
use understudy_wal::{ReadError, Stored, WriteError, verify};

/// One that another replica sends.
fn foreign(index: u64) -> Snapshot {
    Snapshot {
        position: Position { index, epoch: 7, hash: 0x1234 },
        time: Time { wall: 5, elapsed: 6 },
        settings: Settings { sync_backups: 3, min_copies: 2, ..Settings::default() },
    }
}

fn temporary(disk: &SimDisk) -> usize {
    disk.contents().keys().filter(|name| name.ends_with(".tmp")).count()
}

#[test]
fn a_snapshot_of_any_length_comes_back() {
    for bytes in [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000] {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        let all = put(&mut store, 2, 9);
        let what = snapshot(&all[4]);
        let finished = write_snapshot(&mut store, what, &machine(bytes)).unwrap();
        assert_eq!(finished.snapshot(), what);
        assert_eq!(store.adopt(finished).unwrap(), what.position);
        assert_eq!(store.snapshot_position(), what.position);
        drop(store);
        disk.crash(bytes as u64);
        let (store, found) = open(&disk).unwrap();
        assert_eq!((found.snapshot, found.first), (what, 1));
        assert_eq!(found.entries, all[5..]);
        assert_eq!(read_snapshot(&store), Some(machine(bytes)));
        let mut pieces = Vec::new();
        loop {
            let offset = pieces.len() as u64;
            let chunk = store.read_snapshot(what.position, offset, 50_001).unwrap();
            assert_eq!((chunk.snapshot, chunk.offset), (what, offset));
            pieces.extend_from_slice(&chunk.data);
            if chunk.last {
                break;
            }
            assert_eq!(chunk.data.len(), 50_001);
        }
        assert_eq!(pieces, machine(bytes));
        let past = store.read_snapshot(what.position, bytes as u64 + 1, 1);
        assert!(matches!(past, Err(ReadError::PastEnd { .. })));
    }
}

#[test]
fn the_log_goes_on_while_another_thread_writes() {
    let (mut store, _) = open(&SimDisk::new()).unwrap();
    let all = put(&mut store, 1, 9);
    let mut writer = store.snapshot_writer(snapshot(&all[8])).unwrap();
    let thread = std::thread::spawn(move || {
        writer.write_all(&machine(300_000)).unwrap();
        writer.finish().unwrap()
    });
    put(&mut store, 1, 9);
    let finished = thread.join().unwrap();
    put(&mut store, 1, 9);
    assert_eq!(store.adopt(finished).unwrap(), all[8].position());
    assert_eq!(read_snapshot(&store), Some(machine(300_000)));
}

#[test]
fn a_snapshot_that_is_given_up_leaves_nothing() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let all = put(&mut store, 1, 9);
    let mut writer = store.snapshot_writer(snapshot(&all[3])).unwrap();
    writer.write_all(&machine(100_000)).unwrap();
    assert_eq!(temporary(&disk), 1);
    drop(writer);
    assert_eq!(temporary(&disk), 0);
    drop(write_snapshot(&mut store, snapshot(&all[3]), b"x").unwrap());
    assert_eq!(temporary(&disk), 0);
    std::mem::forget(write_snapshot(&mut store, snapshot(&all[3]), b"x").unwrap());
    drop(store);
    assert_eq!(temporary(&disk), 1);
    assert_eq!(open(&disk).unwrap().1.snapshot, Snapshot::default());
    assert_eq!(temporary(&disk), 0, "the next life tidies up");
}

#[test]
fn only_the_newest_snapshot_stays() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    assert!(matches!(store.read_snapshot(Position::default(), 0, 1), Err(ReadError::NoSnapshot)));
    let all = put(&mut store, 1, 9);
    let older = write_snapshot(&mut store, snapshot(&all[2]), b"older").unwrap();
    for nth in [3, 6] {
        let finished = write_snapshot(&mut store, snapshot(&all[nth]), &machine(nth)).unwrap();
        store.adopt(finished).unwrap();
    }
    assert_eq!(store.adopt(older).unwrap(), all[6].position(), "an older one is dropped");
    assert_eq!(disk.contents().keys().filter(|name| name.starts_with("snapshot")).count(), 1);
    let chunk = store.read_snapshot(all[3].position(), 3, 100).unwrap();
    assert_eq!((chunk.offset, &chunk.data[..]), (0, &machine(6)[..]), "from the beginning");
}

/// What cannot be read says nothing of whom it belongs to.
#[test]
fn an_unreadable_log_is_no_fault_of_the_snapshot() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let all = put(&mut store, 1, 9);
    let finished = write_snapshot(&mut store, snapshot(&all[4]), b"").unwrap();
    let is_log = |name: &&String| name.starts_with("segment");
    let logs: Vec<String> = disk.contents().keys().filter(is_log).cloned().collect();
    assert!(!logs.is_empty(), "{:?}", disk.contents().keys());
    for name in &logs {
        let length = disk.content(name).unwrap().len() as u64;
        (64..length).step_by(8).for_each(|offset| disk.corrupt(name, offset));
    }
    let refused = store.adopt(finished).unwrap_err();
    assert!(matches!(refused, WriteError::Io { .. }), "{refused}");
    assert!(!refused.is_bug(), "{refused}");
}

#[test]
fn a_snapshot_of_another_log_is_refused() {
    let (mut store, _) = open(&SimDisk::new()).unwrap();
    let all = put(&mut store, 1, 9);
    for position in [
        Position { hash: 1, ..all[4].position() },
        Position { epoch: 2, ..all[4].position() },
        Position { index: 10, ..all[8].position() },
    ] {
        let wrong = Snapshot { position, ..snapshot(&all[4]) };
        let finished = write_snapshot(&mut store, wrong, b"").unwrap();
        assert!(matches!(store.adopt(finished), Err(WriteError::NotInLog(_))));
    }
}

#[test]
fn a_received_snapshot_takes_the_place_of_the_log() {
    for index in [5, 30, 700] {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        store.save_state(&state(3, 4)).unwrap();
        put(&mut store, 1, 60);
        let (what, data) = (foreign(index), machine(200_000));
        for part in parts(what, &data, 70_000) {
            let stored = store.store_part(&part).unwrap();
            let offset = part.offset + part.data.len() as u64;
            assert_eq!(stored, Stored { offset, installed: part.last });
        }
        assert_eq!(store.last(), what.position);
        assert_eq!(read_snapshot(&store), Some(data.clone()));
        assert!(matches!(store.read(index, 1), Err(ReadError::Released { .. })));
        let all = put(&mut store, 8, 40);
        drop(store);
        disk.crash(index);
        let (store, found) = open(&disk).unwrap();
        assert_eq!((found.snapshot, found.first), (what, index + 1));
        assert_eq!(found.entries, all);
        assert_eq!(found.state, state(3, 4));
        assert_eq!(read_snapshot(&store), Some(data));
        let report = verify(&disk).unwrap();
        assert_eq!((report.problems, report.cluster), (vec![], Some(ClusterId(0xc1))));
        assert_eq!((report.snapshot, report.last), (Some(what.position), index + 40));
    }
}

#[test]
fn parts_that_are_not_the_next_are_ignored() {
    let (mut store, _) = open(&SimDisk::new()).unwrap();
    let (data, other) = (machine(1000), machine(900));
    let all = parts(foreign(9), &data, 400);
    let foreigner = parts(foreign(10), &other, 400);
    let mut store_part = |part| store.store_part(part).unwrap().offset;
    assert_eq!(store_part(&all[1]), 0, "begin at the beginning");
    assert_eq!(store_part(&all[0]), 400);
    assert_eq!(store_part(&all[2]), 400);
    assert_eq!(store_part(&foreigner[1]), 0, "another snapshot");
    assert_eq!(store_part(&all[1]), 800);
    assert_eq!(store_part(&foreigner[0]), 400, "part 0 discards what came before");
    assert_eq!(store_part(&all[2]), 0);
    assert_eq!(store_part(&foreigner[1]), 800);
    assert_eq!(store_part(&foreigner[2]), 900);
    assert_eq!(read_snapshot(&store), Some(other));
}

#[test]
fn a_snapshot_that_would_lose_committed_entries_is_refused() {
    let (mut store, _) = open(&SimDisk::new()).unwrap();
    put(&mut store, 1, 60);
    store.save_state(&state(3, 50)).unwrap();
    let refused = store.store_part(&parts(foreign(49), b"", 1)[0]);
    assert!(matches!(refused, Err(WriteError::BelowCommit { index: 49, commit: 50 })));
}

#[test]
fn a_snapshot_made_before_an_install_is_dropped() {
    let (mut store, _) = open(&SimDisk::new()).unwrap();
    let all = put(&mut store, 1, 60);
    let finished = write_snapshot(&mut store, snapshot(&all[50]), b"mine").unwrap();
    store.store_part(&parts(foreign(20), b"theirs", 9)[0]).unwrap();
    assert_eq!(store.adopt(finished).unwrap(), foreign(20).position);
    assert_eq!(read_snapshot(&store), Some(b"theirs".to_vec()));
}

/// What a crash at every single operation of an install leaves: all of the old or all of the new.
#[test]
fn an_install_happens_at_once() {
    let data = machine(140_000);
    let run = |stop: Option<u64>| {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        let old = put(&mut store, 1, 60);
        let finished = write_snapshot(&mut store, snapshot(&old[29]), b"old").unwrap();
        store.adopt(finished).unwrap();
        let before = disk.operations();
        stop.iter().for_each(|&operations| disk.stop_after(operations));
        let done = parts(foreign(45), &data, 70_000).iter().all(|p| store.store_part(p).is_ok());
        (disk.clone(), old, disk.operations() - before, done)
    };
    let (_, _, operations, done) = run(None);
    assert!(done && operations > 15);
    let (mut olds, mut news) = (0, 0);
    for (stop, seed) in (0..operations).flat_map(|stop| (0..8).map(move |seed| (stop, seed))) {
        let (disk, old, _, done) = run(Some(stop));
        assert!(!done);
        if seed == 0 {
            disk.kill()
        } else {
            disk.crash(seed)
        }
        let (mut store, found) = open(&disk).unwrap();
        if found.snapshot == foreign(45) {
            news += 1;
            assert_eq!(found.entries, vec![]);
            assert_eq!(read_snapshot(&store), Some(data.clone()));
        } else {
            olds += 1;
            assert_eq!(found.snapshot, snapshot(&old[29]));
            assert_eq!(found.entries, old[30..]);
            assert_eq!(read_snapshot(&store), Some(b"old".to_vec()));
        }
        let more = entries(store.last(), 9, 20);
        store.append(&more).unwrap();
        store.sync().unwrap();
        drop(store);
        assert!(open(&disk).unwrap().1.entries.ends_with(&more));
    }
    assert!(olds > 20 && news > 20, "{olds} {news}");
}

/// A snapshot that the primary sends in the background.
fn beside(what: Snapshot, data: &[u8]) -> Vec<understudy_protocol::SnapshotPart> {
    let mut parts = parts(what, data, 30_000);
    parts.iter_mut().for_each(|part| part.background = true);
    parts
}

#[test]
fn a_snapshot_received_beside_the_log_leaves_the_log() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let all = put(&mut store, 2, 9);
    store.save_state(&state(2, 9)).unwrap();
    let what = snapshot(&all[4]);
    for part in beside(what, &machine(100_000)) {
        assert!(store.take_received().is_none(), "it is not whole");
        let end = part.offset + part.data.len() as u64;
        assert_eq!(store.store_part(&part).unwrap(), Stored { offset: end, installed: false });
    }
    // Another one may begin meanwhile.
    let incoming = store.take_received().unwrap();
    for part in &beside(snapshot(&all[6]), &machine(100_000))[..3] {
        store.store_part(part).unwrap();
    }
    assert_eq!(temporary(&disk), 2);
    let finished = std::thread::spawn(move || incoming.finish().unwrap()).join().unwrap();
    assert_eq!(store.snapshot_position(), Position::default(), "nothing is replaced yet");
    assert_eq!(store.adopt(finished).unwrap(), what.position);
    put(&mut store, 2, 1);
    drop(store);
    disk.crash(3);
    let (store, found) = open(&disk).unwrap();
    assert_eq!((found.snapshot, found.first, found.entries.len()), (what, 1, 5));
    assert_eq!(read_snapshot(&store), Some(machine(100_000)));
}

#[test]
fn a_snapshot_received_beside_another_log_is_not_adopted() {
    let (mut store, _) = open(&SimDisk::new()).unwrap();
    put(&mut store, 1, 9);
    for part in beside(foreign(5), b"machine") {
        store.store_part(&part).unwrap();
    }
    let finished = store.take_received().unwrap().finish().unwrap();
    assert!(matches!(store.adopt(finished), Err(WriteError::NotInLog(5))));
}
