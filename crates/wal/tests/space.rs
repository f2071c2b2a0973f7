//! A full disk refuses writes, harms nothing, and leaves room for what a primary must write.
#![allow(clippy::unwrap_used)]

mod common;

use common::{entries, machine, open, opening, parts, put, snapshot, state, write_snapshot};
use understudy_protocol::{Room, Snapshot};
use understudy_wal::sim::SimDisk;
use understudy_wal::{Store, WriteError};

/// Appends until the disk is full; the store is where it then stands.
fn fill(store: &mut Store<SimDisk>) {
    for _ in 0..10_000 {
        let before = store.last();
        match store.append(&entries(before, 1, 1)) {
            Ok(()) => {}
            Err(WriteError::NoSpace) => {
                assert_eq!(store.last(), before);
                return;
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the disk is never full");
}

#[test]
fn a_full_disk_refuses_entries_and_keeps_the_log() {
    for free in (0..30_000).step_by(501) {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        put(&mut store, 1, 3);
        disk.set_capacity(Some(disk.used() + free));
        fill(&mut store);
        assert_eq!(store.look_for_room().unwrap(), Room::None);
        let last = store.sync().unwrap();
        store.save_state(&state(5, 1)).unwrap();
        drop(store);
        disk.crash(free);
        let (mut store, found) = open(&disk).unwrap();
        assert_eq!(store.last(), last);
        assert_eq!(found.state, state(5, 1));
        assert_eq!(store.read(1, 1).unwrap().1, found.entries[..1]);
        disk.set_capacity(None);
        assert_eq!(store.look_for_room().unwrap(), Room::Ample);
        put(&mut store, 1, 50);
    }
}

#[test]
fn epochs_open_though_the_disk_is_full_whatever_happened_before() {
    for free in (0..20_000).step_by(333) {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        disk.set_capacity(Some(disk.used() + free));
        fill(&mut store);
        for epoch in 2..7 {
            store.append(&[opening(store.last(), epoch)]).unwrap();
            store.sync().unwrap();
            store.save_state(&state(epoch, 0)).unwrap();
            let last = store.last();
            drop(store);
            disk.crash(epoch);
            let reopened = open(&disk).unwrap();
            assert_eq!(reopened.0.last(), last);
            store = reopened.0;
        }
    }
}

#[test]
fn an_epoch_opens_after_a_batch_that_took_more_than_a_segment() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    store.append(&entries(store.last(), 1, 100)).unwrap();
    disk.set_capacity(Some(disk.used()));
    for epoch in 2..7 {
        store.append(&[opening(store.last(), epoch)]).unwrap();
        store.sync().unwrap();
        drop(store);
        disk.crash(epoch);
        store = open(&disk).unwrap().0;
        assert_eq!(store.last().epoch, epoch);
    }
}

#[test]
fn room_is_there_for_what_was_refused() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    put(&mut store, 1, 3);
    disk.set_capacity(Some(disk.used()));
    let large = entries(store.last(), 1, 40);
    assert!(matches!(store.append(&large), Err(WriteError::NoSpace)));
    for more in (0..60).map(|n| n * 500) {
        disk.set_capacity(Some(disk.used() + more));
        if store.look_for_room().unwrap() != Room::None {
            store.append(&large).unwrap();
            return;
        }
        assert!(matches!(store.append(&large), Err(WriteError::NoSpace)));
    }
    panic!("there is room by now");
}

#[test]
fn a_full_disk_cuts_and_releases() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let all = put(&mut store, 1, 100);
    let finished = write_snapshot(&mut store, snapshot(&all[59]), b"small").unwrap();
    store.adopt(finished).unwrap();
    disk.set_capacity(Some(disk.used()));
    fill(&mut store);
    store.truncate(80).unwrap();
    assert_eq!(store.last(), all[79].position());
    fill(&mut store);
    store.release(60).unwrap();
    assert_eq!(store.look_for_room().unwrap(), Room::Ample);
    put(&mut store, 1, 10);
}

#[test]
fn a_snapshot_that_does_not_fit_harms_nothing() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let all = put(&mut store, 1, 20);
    let used = disk.used();
    disk.set_capacity(Some(used + 100_000));
    assert!(write_snapshot(&mut store, snapshot(&all[9]), &machine(150_000)).is_err());
    assert_eq!(disk.used(), used);
    let incoming = parts(Snapshot::default(), &machine(150_000), 70_000);
    store.store_part(&incoming[0]).unwrap();
    assert!(matches!(store.store_part(&incoming[1]), Err(WriteError::NoSpace)));
    assert_eq!(disk.used(), used, "what had come is gone");
    put(&mut store, 1, 5);
    disk.set_capacity(None);
    assert_eq!(store.store_part(&incoming[2]).unwrap().offset, 0);
    assert!(incoming.iter().all(|part| store.store_part(part).is_ok()));
}

#[test]
fn a_file_system_that_copies_on_write_is_cut_back() {
    for count in 1..25 {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        let last = put(&mut store, 1, count).pop().unwrap().position();
        disk.set_copy_on_write(true);
        // The first of the two is written whole before the disk is full.
        let refused = entries(last, 1, 2);
        disk.set_capacity(Some(disk.used() + 64 + refused[0].payload.len() as u64 + 8));
        assert!(matches!(store.append(&refused), Err(WriteError::NoSpace)));
        disk.set_capacity(None);
        drop(store);
        disk.kill();
        assert_eq!(open(&disk).unwrap().0.last(), last);
    }
}
