//! Room that is kept for when the disk is full.
#![allow(clippy::unwrap_used)]

mod common;

use common::{entries, machine, opening, options, put, snapshot, write_snapshot};
use understudy_protocol::{Entry, Room};
use understudy_wal::sim::SimDisk;
use understudy_wal::{Options, Store, WriteError};

const BALLAST: u64 = 64 << 10;

fn open(disk: &SimDisk) -> Store<SimDisk> {
    Store::open(disk.clone(), Options { ballast_bytes: BALLAST, ..options() }).unwrap().0
}

/// Writes a snapshot up to this entry, and adopts it.
fn cover(store: &mut Store<SimDisk>, last: &Entry, bytes: usize) {
    let finished = write_snapshot(store, snapshot(last), &machine(bytes)).unwrap();
    store.adopt(finished).unwrap();
}

/// Appends as long as there is ample room; gives how many entries that were.
fn fill(store: &mut Store<SimDisk>) -> u64 {
    let before = store.last().index;
    while store.room() == Room::Ample {
        store.append(&entries(store.last(), store.last().epoch.max(1), 1)).unwrap();
    }
    store.last().index - before
}

/// A store whose log has 1,000 entries, all covered by a snapshot, on a disk with this many bytes free.
fn on_little_room(free: u64) -> Store<SimDisk> {
    let disk = SimDisk::new();
    let mut store = open(&disk);
    let all = put(&mut store, 1, 1_000);
    cover(&mut store, &all[999], 10_000);
    disk.set_capacity(Some(disk.used() + free));
    store
}

#[test]
fn what_meets_a_full_disk_is_written_still_and_much_more_that_is_small() {
    for free in (0..30_000).step_by(997) {
        let disk = SimDisk::new();
        let mut store = open(&disk);
        put(&mut store, 1, 3);
        disk.set_capacity(Some(disk.used() + free));
        fill(&mut store);
        assert_eq!(store.room(), Room::Reserve);
        put(&mut store, 1, 100);
        assert_eq!(store.room(), Room::Reserve);
        assert_eq!(store.look_for_room().unwrap(), Room::Reserve, "what is used up is not there");
    }
}

#[test]
fn the_reserve_ends_and_comes_back_with_room() {
    let disk = SimDisk::new();
    let mut store = open(&disk);
    let used = disk.used();
    disk.set_capacity(Some(used));
    fill(&mut store);
    while !matches!(store.append(&entries(store.last(), 1, 1)), Err(WriteError::NoSpace)) {}
    assert_eq!(store.room(), Room::None);
    store.append(&[opening(store.last(), 2)]).unwrap();
    disk.set_capacity(Some(disk.used() + BALLAST / 2));
    assert_eq!(store.look_for_room().unwrap(), Room::Reserve);
    disk.set_capacity(None);
    assert_eq!(store.look_for_room().unwrap(), Room::Ample);
    disk.set_capacity(Some(disk.used()));
    fill(&mut store);
    put(&mut store, 2, 100);
}

#[test]
fn the_next_snapshot_has_room_whatever_was_logged_since() {
    let disk = SimDisk::new();
    let mut store = open(&disk);
    let all = put(&mut store, 1, 50);
    cover(&mut store, &all[49], 100_000);
    store.release(50).unwrap();
    disk.set_capacity(Some(disk.used() + 200_000));
    let logged = fill(&mut store);
    assert!(logged > 100, "{logged}");
    let newest = store.read(store.last().index, 1).unwrap().1;
    let bytes = 100_000 + usize::try_from(logged).unwrap() * 200;
    store.sync().unwrap();
    store.make_room().unwrap();
    cover(&mut store, &newest[0], bytes);
    store.release(store.last().index).unwrap();
    assert_eq!(store.look_for_room().unwrap(), Room::Ample, "the log before it is gone");
}

#[test]
fn a_life_that_begins_on_a_full_disk_knows_it() {
    let disk = SimDisk::new();
    let mut store = open(&disk);
    put(&mut store, 1, 20);
    disk.set_capacity(Some(disk.used()));
    fill(&mut store);
    drop(store);
    disk.kill();
    let mut store = open(&disk);
    assert_eq!(store.room(), Room::Reserve);
    disk.set_capacity(None);
    assert_eq!(store.look_for_room().unwrap(), Room::Ample);
}

#[test]
fn a_snapshot_that_is_being_written_takes_what_was_kept_for_it() {
    let disk = SimDisk::new();
    let mut store = open(&disk);
    let all = put(&mut store, 1, 50);
    cover(&mut store, &all[29], 100_000);
    store.release(0).unwrap();
    disk.set_capacity(Some(disk.used()));
    cover(&mut store, &all[49], 100_000);
    assert_eq!(store.room(), Room::Ample);
}

#[test]
fn log_that_a_snapshot_covers_goes_before_the_disk_counts_as_full() {
    for free in (0..30_000).step_by(997) {
        let mut store = on_little_room(free);
        fill(&mut store);
        assert_eq!(store.room(), Room::Scarce);
        put(&mut store, 1, 1);
        store.release(1_000).unwrap();
        assert_eq!(store.look_for_room().unwrap(), Room::Ample, "the log before it is gone");
        let logged = fill(&mut store);
        assert!(logged > 100, "{logged}");
        assert_eq!(store.room(), Room::Reserve, "there is no such log any more");
    }
}

#[test]
fn where_room_is_scarce_the_next_snapshot_has_room_still() {
    for free in (0..30_000).step_by(997) {
        let mut store = on_little_room(free);
        let mut scarce = 0;
        while !store.room().is_full() {
            store.append(&entries(store.last(), 1, 1)).unwrap();
            scarce += usize::from(store.room() == Room::Scarce);
        }
        assert_eq!(store.room(), Room::Reserve);
        assert!(scarce > 0, "log that may go first is worth something");
        put(&mut store, 1, 20);
        let logged = store.last().index - 1_000;
        let newest = store.read(store.last().index, 1).unwrap().1;
        store.sync().unwrap();
        store.make_room().unwrap();
        cover(&mut store, &newest[0], 10_000 + usize::try_from(logged).unwrap() * 200);
    }
}

#[test]
fn log_that_is_not_let_go_in_time_is_no_room() {
    let mut store = on_little_room(0);
    fill(&mut store);
    let rooms: Vec<Room> = (0..5).map(|_| store.look_for_room().unwrap()).collect();
    assert_eq!(rooms[..4], [Room::Scarce; 4]);
    assert_eq!(rooms[4], Room::Reserve);
}

#[test]
fn a_machine_that_stays_small_needs_no_room_for_all_that_is_logged() {
    let logged = |said: Option<u64>, executes: bool| {
        let disk = SimDisk::new();
        let mut store = open(&disk);
        let all = put(&mut store, 1, 50);
        cover(&mut store, &all[49], 50_000);
        store.release(50).unwrap();
        disk.set_capacity(Some(disk.used() + 200_000));
        let before = store.last().index;
        while store.room() == Room::Ample {
            store.append(&entries(store.last(), 1, 1)).unwrap();
            let index = if executes { store.last().index } else { 49 };
            said.inspect(|bytes| store.expect_snapshot(index, *bytes));
        }
        store.last().index - before
    };
    let (unsaid, small) = (logged(None, true), logged(Some(1_000), true));
    assert!(small > unsaid * 5 / 4, "{small} entries, {unsaid} where the machine says nothing");
    assert_eq!(logged(Some(1_000), false), unsaid, "it has not executed what the snapshot covers");
    assert_eq!(
        logged(Some(1 << 30), true),
        unsaid,
        "no snapshot has more than the one before and what was logged since"
    );
}
