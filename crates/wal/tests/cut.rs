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
        let [Ok(cut)] = &cuts(&disk).unwrap()[..] else { panic!("one file") };
        assert_eq!((&cut.file, &cut.entries[..]), (&file, &all[20..]));

        let more = put(&mut store, 2, 5);
        store.set_aside_tail(&more[3..]).unwrap();
        store.set_aside_tail(&more[4..]).unwrap();
        disk.crash(seed);
        let lengths: Vec<usize> =
            cuts(&disk).unwrap().into_iter().map(|cut| cut.unwrap().entries.len()).collect();
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
        let whole = aside.iter().flatten().any(|cut| cut.entries == all[5..]);
        assert!(found.entries == all || whole, "after {stop} operations, cut: {cut:?}");
        assert_eq!(store.cut_entries(), if whole { 5 } else { 0 });
        let mut store = store;
        store.set_aside_tail(&all[5..]).unwrap();
        assert_eq!(store.cut_entries(), 5, "the same is not set aside twice");
    }
}

#[test]
fn a_damaged_file_is_named_and_keeps_no_life_from_beginning() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let all = entries(store.last(), 1, 10);
    let file = store.set_aside_tail(&all).unwrap();
    drop(store);
    let written = disk.open(&file).unwrap();
    let length = written.len().unwrap();
    let damaged = || match &cuts(&disk).unwrap()[..] {
        [Err(OpenError::Damaged(damage))] => assert_eq!(damage.file, file),
        other => panic!("{other:?}"),
    };
    let whole = written.read_vec(0, length as usize).unwrap();
    written.set_len(length - 64 - (all[9].payload.len() as u64).next_multiple_of(8)).unwrap();
    damaged();
    written.write_at(&whole, 0).unwrap();
    assert!(cuts(&disk).unwrap()[0].is_ok());
    written.write_at(&[0xff], 200).unwrap();
    damaged();
    assert_eq!(open(&disk).unwrap().0.cut_entries(), 0);
}
