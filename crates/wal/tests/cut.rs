//! Tails that are set aside before they are cut.
#![allow(clippy::unwrap_used)]

mod common;

use common::{entries, open, put};
use understudy_wal::sim::SimDisk;
use understudy_wal::{Disk, DiskFile, OpenError, cuts};

#[test]
fn what_is_set_aside_is_there_when_the_log_is_cut() {
    for seed in 0..20 {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        let all = put(&mut store, 1, 30);
        let file = store.set_aside_tail(&all[20..]).unwrap();
        assert_eq!(store.cut_entries(), 10);
        store.truncate(20).unwrap();
        disk.crash(seed);
        let (mut store, found) = open(&disk).unwrap();
        assert_eq!(found.entries, all[..20]);
        assert_eq!(store.cut_entries(), 10, "it counts over all lives");
        let [cut] = &cuts(&disk).unwrap()[..] else { panic!("one file") };
        assert_eq!((&cut.file, &cut.entries[..]), (&file, &all[20..]));

        let more = put(&mut store, 2, 5);
        store.set_aside_tail(&more[3..]).unwrap();
        store.set_aside_tail(&more[4..]).unwrap();
        disk.crash(seed);
        let lengths: Vec<usize> =
            cuts(&disk).unwrap().iter().map(|cut| cut.entries.len()).collect();
        assert_eq!(lengths, [10, 2, 1], "none takes another's place");
    }
}

#[test]
fn a_crash_leaves_a_tail_in_the_log_or_set_aside() {
    for stop in 0..12 {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        let all = put(&mut store, 1, 10);
        disk.stop_after(stop);
        let cut = store.set_aside_tail(&all[5..]).and_then(|_| store.truncate(5));
        drop(store);
        disk.crash(stop);
        let (store, found) = open(&disk).unwrap();
        let aside = cuts(&disk).unwrap();
        let whole = aside.iter().any(|cut| cut.entries == all[5..]);
        assert!(found.entries == all || whole, "after {stop} operations, cut: {cut:?}");
        assert_eq!(store.cut_entries(), if whole { 5 } else { 0 });
    }
}

#[test]
fn a_damaged_file_is_named_and_keeps_no_life_from_beginning() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let all = entries(store.last(), 1, 10);
    let file = store.set_aside_tail(&all).unwrap();
    drop(store);
    disk.open(&file).unwrap().write_at(&[0xff], 200).unwrap();
    match cuts(&disk) {
        Err(OpenError::Damaged(damage)) => assert_eq!(damage.file, file),
        other => panic!("{other:?}"),
    }
    assert_eq!(open(&disk).unwrap().0.cut_entries(), 0);
}
