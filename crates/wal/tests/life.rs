//! Lives: what ends one, what the next one may trust, and which directory it may use.
#![allow(clippy::unwrap_used)]

mod common;

use common::{entries, open, options, put, state};
use understudy_protocol::HardState;
use understudy_wal::sim::SimDisk;
use understudy_wal::{Disk, DiskFile, OpenError, Options, Store, WriteError, verify};

#[test]
fn every_life_has_a_number_of_its_own() {
    let disk = SimDisk::new();
    let mut last = 0;
    for seed in 0..40 {
        // A life may end before it has begun; its number is not given again.
        disk.stop_after(seed);
        drop(open(&disk).map(|_| ()));
        disk.crash(seed);
        let (store, found) = open(&disk).unwrap();
        assert!(found.life > last);
        assert_eq!(store.life(), found.life);
        last = found.life;
        drop(store);
        disk.crash(seed + 1000);
    }
}

#[test]
fn a_failed_sync_ends_the_life_and_the_next_one_trusts_nothing_of_it() {
    for seed in 0..60 {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        let synced = put(&mut store, 1, 5);
        let more = entries(store.last(), 1, 5);
        store.append(&more).unwrap();
        disk.fail_sync_after(0);
        assert!(matches!(store.sync(), Err(WriteError::Io { .. })));
        assert!(matches!(store.sync(), Err(WriteError::Poisoned(_))), "no second try");
        assert!(matches!(store.append(&[]), Err(WriteError::Poisoned(_))));
        assert!(matches!(store.save_state(&state(1, 1)), Err(WriteError::Poisoned(_))));
        assert!(matches!(store.truncate(5), Err(WriteError::Poisoned(_))));
        assert!(matches!(store.look_for_room(), Err(WriteError::Poisoned(_))));
        assert_eq!(store.read(6, 1).unwrap().1, more[..1], "reading goes on");
        assert!(matches!(store.close(), Err(WriteError::Poisoned(_))));
        // The same machine goes on: its page cache shows what the disk may not have.
        disk.kill();
        let (store, found) = open(&disk).unwrap();
        assert_eq!(found.entries, [synced, more].concat());
        assert!(!store.was_clean());
        drop(store);
        disk.crash(seed);
        assert_eq!(open(&disk).unwrap().1.entries, found.entries, "durable when it was found");
    }
}

/// A state that fills several sectors, of which a crash may keep any.
fn long(epoch: u64) -> HardState {
    HardState { halted: Some(epoch.to_string().repeat(2500)), ..state(epoch, 0) }
}

#[test]
fn a_crash_while_the_state_is_written_leaves_the_one_before() {
    let (mut olds, mut news) = (0, 0);
    for (stop, seed) in (0..2).flat_map(|stop| (0..300).map(move |seed| (stop, seed))) {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        (1..4).for_each(|epoch| store.save_state(&long(epoch)).unwrap());
        disk.stop_after(stop);
        assert!(store.save_state(&long(4)).is_err());
        drop(store);
        disk.crash(seed);
        let found = open(&disk).unwrap().1.state;
        assert!(found == long(3) || found == long(4));
        if found.epoch == 3 { olds += 1 } else { news += 1 }
    }
    assert!(olds > 50 && news > 50, "{olds} {news}");
}

#[test]
fn a_state_whose_sync_failed_is_durable_when_it_is_found_again() {
    for (stop, seed) in (0..8).flat_map(|stop| (0..150).map(move |seed| (stop, seed))) {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        (1..4).for_each(|epoch| store.save_state(&long(epoch)).unwrap());
        disk.fail_sync_after(0);
        assert!(store.save_state(&long(4)).is_err());
        drop(store);
        disk.kill();
        // The next life may be cut short at any place, too.
        disk.stop_after(stop);
        let found = open(&disk).map(|(_, found)| found.state);
        disk.crash(seed);
        let again = open(&disk).unwrap().1.state;
        assert!(again == long(4) || found.is_err() && again == long(3), "epoch {}", again.epoch);
    }
}

#[test]
fn a_name_whose_sync_failed_is_not_built_upon() {
    for (sync, seed) in (0..6).flat_map(|sync| (0..20).map(move |seed| (sync, seed))) {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        put(&mut store, 1, 3);
        disk.fail_sync_after(sync);
        // More than the first segment takes, so that another begins.
        while store.append(&entries(store.last(), 1, 1)).is_ok() && store.last().index < 60 {}
        drop(store);
        disk.kill();
        let (mut store, mut found) = open(&disk).unwrap();
        found.entries.extend(put(&mut store, 1, 2));
        drop(store);
        disk.crash(seed);
        assert_eq!(open(&disk).unwrap().1.entries, found.entries);
    }
}

#[test]
fn a_clean_end_is_known_once() {
    let disk = SimDisk::new();
    let (store, _) = open(&disk).unwrap();
    assert!(store.was_clean(), "nothing is missing in a blank directory");
    store.close().unwrap();
    assert!(verify(&disk).unwrap().clean);
    let (store, _) = open(&disk).unwrap();
    assert!(store.was_clean());
    assert!(!verify(&disk).unwrap().clean);
    drop(store);
    assert!(!open(&disk).unwrap().0.was_clean());
}

#[test]
fn closing_syncs_what_is_left() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let all = entries(store.last(), 1, 7);
    store.append(&all).unwrap();
    store.close().unwrap();
    disk.crash(0);
    let (store, found) = open(&disk).unwrap();
    assert_eq!(found.entries, all);
    assert!(store.was_clean());
}

#[test]
fn one_store_at_a_time() {
    let disk = SimDisk::new();
    let (store, _) = open(&disk).unwrap();
    assert!(matches!(open(&disk), Err(OpenError::InUse { .. })));
    drop(store);
    open(&disk).unwrap();
}

#[test]
fn a_copy_is_refused_until_ordered_and_then_keeps_its_incarnation() {
    let disk = SimDisk::new();
    let (mut store, found) = open(&disk).unwrap();
    let all = put(&mut store, 1, 9);
    store.close().unwrap();
    let copy = disk.copy();
    let Err(error) = open(&copy) else { panic!("it was opened") };
    assert!(matches!(error, OpenError::Copied { .. }) && error.to_string().contains("recover"));
    assert!(verify(&copy).unwrap().problems[0].why.contains("copied"));
    let order = Options { accept_copy: true, fresh_incarnation: 5, ..options() };
    let (store, accepted) = Store::open(copy.clone(), order).unwrap();
    assert_eq!(accepted.incarnation, found.incarnation);
    assert_eq!(accepted.entries, all);
    drop(store);
    open(&copy).unwrap();
    open(&disk).unwrap();
}

#[test]
fn birth_may_be_interrupted_anywhere() {
    for (stop, seed) in (0..25).flat_map(|stop| (0..10).map(move |seed| (stop, seed))) {
        let disk = SimDisk::new();
        disk.stop_after(stop);
        let first = Store::open(disk.clone(), Options { fresh_incarnation: 1, ..options() });
        let first = first.map(|(_, found)| found.incarnation.0);
        disk.crash(seed);
        assert_eq!(verify(&disk).unwrap().problems, vec![]);
        let second = Store::open(disk.clone(), Options { fresh_incarnation: 2, ..options() });
        let second = second.unwrap().1.incarnation.0;
        assert!(first.map_or(second == 1 || second == 2, |first| second == first));
    }
}

#[test]
fn the_same_seed_gives_the_same_disk() {
    let run = || {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        put(&mut store, 1, 30);
        store.append(&entries(store.last(), 1, 20)).unwrap();
        disk.crash(42);
        disk.contents()
    };
    assert_eq!(run(), run());
}

#[test]
fn a_directory_whose_making_was_interrupted_is_blank() {
    let disk = SimDisk::new();
    let file = disk.create("state").unwrap();
    file.write_at(b"what a failed write and a power loss left", 0).unwrap();
    let (store, found) = open(&disk).unwrap();
    assert_eq!((store.life(), found.state, found.entries.len()), (1, HardState::default(), 0));
}
