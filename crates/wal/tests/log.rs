//! The log: what it keeps, cuts, lets go and gives back.
#![allow(clippy::unwrap_used)]

mod common;

use common::{entries, open, opening, options, put, snapshot, state, write_snapshot};
use proptest::prelude::*;
use understudy_protocol::{Entry, Position};
use understudy_wal::sim::SimDisk;
use understudy_wal::{ReadError, Store, WriteError, entries as stored, verify};

fn segments(disk: &SimDisk) -> Vec<String> {
    disk.contents().into_keys().filter(|name| name.starts_with("segment-")).collect()
}

/// A snapshot as of an entry, so that what is before it may go.
fn cover(store: &mut Store<SimDisk>, entry: &Entry) {
    let finished = write_snapshot(store, snapshot(entry), b"machine").unwrap();
    store.adopt(finished).unwrap();
}

#[test]
fn many_entries_share_one_sync() {
    let disk = SimDisk::new();
    let (mut store, _) = Store::open(disk.clone(), understudy_wal::Options::new(1)).unwrap();
    put(&mut store, 1, 1);
    let before = disk.operations();
    for entry in entries(store.last(), 1, 20) {
        store.append(&[entry]).unwrap();
    }
    store.sync().unwrap();
    assert_eq!(disk.operations() - before, 21, "20 writes and a sync");
    store.sync().unwrap();
    assert_eq!(disk.operations() - before, 21, "nothing left to sync");
}

#[test]
fn a_life_finds_what_the_one_before_synced() {
    let disk = SimDisk::new();
    let (mut store, blank) = open(&disk).unwrap();
    assert_eq!((blank.life, blank.first, blank.entries.len()), (1, 1, 0));
    assert_eq!(blank.incarnation.0, 0xabc);
    let mut all = put(&mut store, 1, 40);
    all.extend(put(&mut store, 3, 30));
    store.save_state(&state(3, 12)).unwrap();
    drop(store);
    disk.crash(1);
    let (store, found) = open(&disk).unwrap();
    assert_eq!((found.life, found.first), (2, 1));
    assert_eq!(found.runs, vec![(1, 40), (3, 70)]);
    assert_eq!(found.state, state(3, 12));
    assert_eq!(found.entries, all);
    assert_eq!(store.last(), all[69].position());
    assert!(segments(&disk).len() > 1, "the test wants several segments");
    assert_eq!(stored(&disk).unwrap().map(Result::unwrap).collect::<Vec<_>>(), all);
}

#[test]
fn what_is_not_synced_may_be_lost_and_leaves_no_damage() {
    for seed in 0..200 {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        let mut all = put(&mut store, 1, 3);
        for batch in [4, 1, 3] {
            let more = entries(store.last(), 1, batch);
            store.append(&more).unwrap();
            all.extend(more);
        }
        drop(store);
        disk.crash(seed);
        let (mut store, found) = open(&disk).unwrap();
        assert!(found.entries.len() >= 3 && all.starts_with(&found.entries));
        // Nothing of the torn tail comes back after what is written in its place.
        put(&mut store, 2, 2);
        drop(store);
        let (_, again) = open(&disk).unwrap();
        assert_eq!(again.entries.len(), found.entries.len() + 2);
    }
}

#[test]
fn a_killed_process_loses_nothing_and_its_tail_is_made_durable() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let unsynced = entries(store.last(), 1, 5);
    store.append(&unsynced).unwrap();
    drop(store);
    disk.kill();
    assert_eq!(open(&disk).unwrap().1.entries, unsynced);
    for seed in 0..20 {
        disk.crash(seed);
        assert_eq!(open(&disk).unwrap().1.entries, unsynced);
    }
}

#[test]
fn entries_that_do_not_follow_are_refused() {
    let (mut store, _) = open(&SimDisk::new()).unwrap();
    put(&mut store, 2, 3);
    let last = store.last();
    let gap = Position { index: last.index + 1, ..last };
    let other = Position { hash: last.hash ^ 1, ..last };
    let mut wrong = vec![opening(gap, 3), opening(other, 3), opening(last, 1)];
    wrong.push(Entry { hash: 0, ..opening(last, 3) });
    for entry in wrong {
        let refused = store.append(&[opening(last, 3), entry.clone()]);
        assert!(matches!(refused, Err(WriteError::DoesNotFollow { .. })));
        assert!(matches!(store.append(&[entry]), Err(WriteError::DoesNotFollow { last: 3, .. })));
    }
    assert_eq!(store.last(), last);
    store.append(&[opening(last, 3)]).unwrap();
}

#[test]
fn a_batch_larger_than_a_segment_fits() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let mut all = put(&mut store, 1, 2);
    let large = entries(store.last(), 1, 200);
    store.append(&large).unwrap();
    all.extend(large);
    all.extend(put(&mut store, 1, 2));
    drop(store);
    let (store, found) = open(&disk).unwrap();
    assert_eq!(found.entries, all);
    assert_eq!(store.read(150, 1).unwrap().1, all[149..150]);
}

#[test]
fn reading_gives_at_least_one_entry_and_no_more_than_asked() {
    let (mut store, _) = open(&SimDisk::new()).unwrap();
    let all = put(&mut store, 1, 80);
    for (nth, entry) in all.iter().enumerate() {
        let previous = nth.checked_sub(1).map_or(Position::default(), |n| all[n].position());
        for bytes in [0, 500, 3000] {
            let (found, read) = store.read(entry.index, bytes).unwrap();
            assert_eq!(found, previous);
            assert_eq!(read, all[nth..nth + read.len()]);
            let weight: usize = read.iter().map(Entry::weight).sum();
            assert!(!read.is_empty() && (read.len() == 1 || weight <= bytes));
        }
    }
    assert!(store.read(1, 3000).unwrap().1.len() > 5);
    assert!(matches!(store.read(81, 1), Err(ReadError::Beyond { from: 81, last: 80 })));
}

#[test]
fn a_cut_is_durable_when_it_returns() {
    for (seed, after) in (0..=60).enumerate() {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        let mut all = put(&mut store, 1, 60);
        store.truncate(after).unwrap();
        all.truncate(after as usize);
        assert_eq!(store.last(), all.last().map(Entry::position).unwrap_or_default());
        disk.crash(seed as u64);
        let (mut store, found) = open(&disk).unwrap();
        assert_eq!(found.entries, all);
        all.extend(put(&mut store, 2, 30));
        disk.crash(seed as u64);
        assert_eq!(open(&disk).unwrap().1.entries, all);
    }
}

#[test]
fn nothing_is_cut_below_the_snapshot() {
    let (mut store, _) = open(&SimDisk::new()).unwrap();
    let all = put(&mut store, 1, 9);
    cover(&mut store, &all[5]);
    let refused = store.truncate(5);
    assert!(matches!(refused, Err(WriteError::BelowSnapshot { after: 5, snapshot: 6 })));
    store.truncate(6).unwrap();
    assert_eq!(store.last(), all[5].position());
}

#[test]
fn segments_go_when_a_snapshot_covers_them_and_are_used_again() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let mut all = put(&mut store, 1, 200);
    let before = segments(&disk);
    store.release(200).unwrap();
    assert_eq!(segments(&disk), before, "there is no snapshot yet");
    cover(&mut store, &all[99]);
    store.release(60).unwrap();
    let (_, first) = (store.read(61, 1).unwrap(), store.read(1, 1));
    let Err(ReadError::Released { from: 1, first }) = first else { panic!("{first:?}") };
    assert!(first > 30 && first <= 61);
    store.release(200).unwrap();
    assert!(store.read(101, 1).is_ok(), "after the snapshot");
    let spares = || disk.contents().into_keys().filter(|n| n.starts_with("spare-")).count();
    assert_eq!(spares(), options().spares);
    let before = segments(&disk).len();
    all.extend(put(&mut store, 1, 30));
    assert_eq!(segments(&disk).len() - before, options().spares - spares(), "spares are used");
    assert!(spares() < options().spares);
    drop(store);
    disk.crash(3);
    let (_, found) = open(&disk).unwrap();
    assert!(found.first > 60 && found.first <= 101);
    assert_eq!(found.entries, all[100..]);
    assert_eq!(found.runs, vec![(1, 230)]);
    assert_eq!(verify(&disk).unwrap().problems, vec![]);
}

proptest! {
    #[test]
    fn old_records_in_a_recycled_segment_never_come_back(
        rounds in 1usize..6, tail in 1u64..40, seed: u64
    ) {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        for _ in 0..rounds {
            let all = put(&mut store, 1, 60);
            cover(&mut store, &all[59]);
            store.release(all[59].index).unwrap();
        }
        let synced = put(&mut store, 1, tail);
        let lost = entries(store.last(), 1, 3);
        store.append(&lost).unwrap();
        drop(store);
        disk.crash(seed);
        let found = open(&disk).unwrap().1.entries;
        prop_assert!(found.starts_with(&synced));
        prop_assert!(lost.starts_with(&found[synced.len()..]));
    }
}
