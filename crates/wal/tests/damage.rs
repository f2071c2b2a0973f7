//! Damage is refused, with its place named, and never taken for a torn tail.
#![allow(clippy::unwrap_used)]

mod common;

use common::{machine, newest, open, put, snapshot, state, write_snapshot};
use understudy_protocol::{ClusterId, Entry};
use understudy_wal::sim::SimDisk;
use understudy_wal::{Damage, Disk, DiskFile, OpenError, ReadError, Report, entries, verify};

const HEADER: usize = 4096;

/// A closed directory with 60 synced entries, and where each record begins.
fn filled() -> (SimDisk, Vec<Entry>, Vec<(String, u64)>) {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    store.save_state(&state(1, 0)).unwrap();
    let all = put(&mut store, 1, 60);
    store.close().unwrap();
    let places = places(&disk, &all);
    (disk, all, places)
}

/// Finds the records by the segments' first indices, since a segment holds whole records in order.
fn places(disk: &SimDisk, all: &[Entry]) -> Vec<(String, u64)> {
    let mut places = Vec::new();
    for segment in verify(disk).unwrap().segments {
        let mut at = HEADER as u64;
        for index in segment.first..=segment.last {
            places.push((segment.file.clone(), at));
            at += 64 + all[index as usize - 1].payload.len().next_multiple_of(8) as u64;
        }
    }
    assert_eq!(places.len(), all.len());
    places
}

fn damage(disk: &SimDisk) -> Damage {
    let Err(OpenError::Damaged(damage)) = open(disk).map(|_| ()) else { panic!("it was opened") };
    assert!(!damage.to_string().contains('\n'));
    damage
}

/// What `verify` says, which must change nothing.
fn looked_at(disk: &SimDisk) -> Report {
    let before = (disk.contents(), disk.operations());
    let report = verify(disk).unwrap();
    assert_eq!((disk.contents(), disk.operations()), before);
    report
}

#[test]
fn any_bad_record_is_named_by_file_offset_and_index() {
    let (disk, all, places) = filled();
    for (entry, (file, at)) in all.iter().zip(&places) {
        let disk = disk.clone();
        for byte in [0, 9, 40, 56] {
            disk.corrupt(file, at + byte);
            let report = looked_at(&disk);
            let damage = &report.problems[0];
            assert_eq!((&damage.file, damage.offset, damage.index), (file, *at, entry.index));
            disk.corrupt(file, at + byte);
        }
    }
    let (file, at) = &places[30];
    disk.corrupt(file, *at);
    let found = damage(&disk);
    assert_eq!((&found.file, found.offset, found.index), (file, *at, 31));
    let printed: Vec<_> = entries(&disk).unwrap().collect();
    assert_eq!(printed.len(), 31);
    assert!(printed[..30].iter().all(Result::is_ok) && printed[30].is_err());
}

#[test]
fn a_bad_record_before_a_good_one_is_damage_without_any_note_of_the_state() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let all = put(&mut store, 1, 3);
    let more = put(&mut store, 1, 3);
    drop(store);
    let places = places(&disk, &[all, more].concat());
    // Entry 5 was synced only after entry 4; entry 6 only after entry 5.
    disk.corrupt(&places[2].0, places[2].1 + 50);
    assert_eq!(damage(&disk).index, 3);
}

#[test]
fn the_last_records_are_missed_where_the_state_was_saved_after_them() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let all = put(&mut store, 1, 6);
    store.save_state(&state(1, 0)).unwrap();
    drop(store);
    let (file, at) = &places(&disk, &all)[5];
    disk.corrupt(file, at + 20);
    let found = damage(&disk);
    assert_eq!((&found.file, found.offset, found.index), (file, *at, 6));
}

#[test]
fn a_snapshot_that_does_not_fit_the_log_is_refused() {
    let made = |epoch| {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        let all = put(&mut store, epoch, 9);
        let finished = write_snapshot(&mut store, snapshot(&all[5]), b"machine").unwrap();
        store.adopt(finished).unwrap();
        disk
    };
    let (disk, other) = (made(1), made(2));
    let name = newest(&other, "snapshot-");
    disk.create(&name).unwrap().write_at(&other.content(&name).unwrap(), 0).unwrap();
    disk.kill();
    assert_eq!(damage(&disk).index, 6);
    assert_eq!(looked_at(&disk).problems.len(), 1);
}

#[test]
fn a_refusal_changes_nothing_of_the_log() {
    let (disk, _, places) = filled();
    disk.corrupt(&places[50].0, places[50].1);
    let segments = |disk: &SimDisk| {
        let mut all = disk.contents();
        all.retain(|name, _| name.starts_with("segment"));
        all
    };
    let before = segments(&disk);
    damage(&disk);
    assert_eq!(segments(&disk), before);
}

#[test]
fn a_missing_segment_is_damage() {
    let (disk, ..) = filled();
    let segments: Vec<_> = verify(&disk).unwrap().segments;
    assert!(segments.len() > 3);
    for segment in [&segments[0], &segments[1], &segments[segments.len() - 1]] {
        let (disk, ..) = filled();
        disk.remove(&segment.file).unwrap();
        assert!(damage(&disk).index <= segment.first);
        assert_eq!(looked_at(&disk).problems.len(), 1);
    }
    for segment in &segments {
        disk.remove(&segment.file).unwrap();
    }
    assert_eq!(damage(&disk).index, 1);
}

#[test]
fn a_bad_header_is_damage() {
    for prefix in ["segment-", "snapshot-", "identity"] {
        let (disk, all, _) = filled();
        let (mut store, _) = open(&disk).unwrap();
        let finished = write_snapshot(&mut store, snapshot(&all[9]), &machine(99)).unwrap();
        store.adopt(finished).unwrap();
        drop(store);
        let file = newest(&disk, prefix);
        disk.corrupt(&file, 25);
        assert_eq!((damage(&disk).file, damage(&disk).offset), (file.clone(), 0));
        assert_eq!(looked_at(&disk).problems[0].file, file);
    }
}

#[test]
fn a_missing_snapshot_or_state_or_identity_is_damage() {
    for prefix in ["snapshot-", "state", "identity"] {
        let disk = SimDisk::new();
        let (mut store, _) = open(&disk).unwrap();
        let all = put(&mut store, 1, 90);
        let finished = write_snapshot(&mut store, snapshot(&all[79]), &machine(99)).unwrap();
        store.adopt(finished).unwrap();
        store.release(80).unwrap();
        drop(store);
        disk.remove(&newest(&disk, prefix)).unwrap();
        assert!(!looked_at(&disk).problems.is_empty());
        damage(&disk);
    }
}

#[test]
fn a_snapshot_that_is_cut_or_rotten_is_noticed() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let all = put(&mut store, 1, 9);
    let finished = write_snapshot(&mut store, snapshot(&all[5]), &machine(150_000)).unwrap();
    store.adopt(finished).unwrap();
    let file = newest(&disk, "snapshot-");
    disk.corrupt(&file, 100_000);
    let error = store.read_snapshot(all[5].position(), 70_000, 10).unwrap_err();
    assert!(matches!(error, ReadError::Damaged(_)));
    assert!(store.read_snapshot(all[5].position(), 0, 10).is_ok());
    let mut reader = store.open_snapshot().unwrap().unwrap();
    let error = std::io::copy(&mut reader, &mut std::io::sink()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert_eq!(looked_at(&disk).problems[0].file, file);
    drop(store);
    disk.corrupt(&file, 100_000);
    let opened = disk.open(&file).unwrap();
    opened.set_len(opened.len().unwrap() - 1).unwrap();
    assert_eq!(damage(&disk).file, file);
}

#[test]
fn a_record_that_rots_while_the_store_is_open_is_not_sent_to_anyone() {
    let disk = SimDisk::new();
    let (mut store, _) = open(&disk).unwrap();
    let all = put(&mut store, 1, 9);
    let places = places(&disk, &all);
    disk.corrupt(&places[4].0, places[4].1 + 20);
    let Err(ReadError::Damaged(damage)) = store.read(3, 10_000) else { panic!("it was read") };
    assert_eq!((damage.offset, damage.index), (places[4].1, 5));
    assert_eq!(store.read(3, 1).unwrap().1, all[2..3]);
}

#[test]
fn files_of_another_cluster_are_refused() {
    let (disk, ..) = filled();
    let (mut store, _) = open(&disk).unwrap();
    let other = understudy_protocol::HardState { cluster: Some(ClusterId(7)), ..state(1, 0) };
    store.save_state(&other).unwrap();
    drop(store);
    let Err(OpenError::AnotherCluster { file, found, expected }) = open(&disk).map(|_| ()) else {
        panic!("it was opened")
    };
    assert!(file.starts_with("segment-"));
    assert_eq!((found, expected), (ClusterId(0xc1), ClusterId(7)));
    assert!(looked_at(&disk).problems[0].why.contains("belongs to cluster"));
}

/// Opening a directory of which one file is of this format, file by file.
fn with_a_file_of_format(format: u8) -> impl Iterator<Item = (String, OpenError)> {
    ["segment-", "snapshot-", "identity", "state"].into_iter().map(move |prefix| {
        let (disk, all, _) = filled();
        let (mut store, _) = open(&disk).unwrap();
        let finished = write_snapshot(&mut store, snapshot(&all[9]), b"").unwrap();
        store.adopt(finished).unwrap();
        drop(store);
        let file = newest(&disk, prefix);
        let opened = disk.open(&file).unwrap();
        // The format comes after the magic, in each of the blocks that `state` has.
        for block in 0..opened.len().unwrap().div_ceil(4096) {
            let at = block * 4096;
            let mut head = opened.read_vec(at, 20).unwrap();
            if !head.starts_with(b"USTD") {
                continue;
            }
            head[8] = format;
            let length = u32::from_le_bytes(head[12..16].try_into().unwrap());
            let body = opened.read_vec(at + 20, length as usize).unwrap();
            let sum = crc32c::crc32c_append(crc32c::crc32c(&head[..16]), &body);
            head[16..].copy_from_slice(&sum.to_le_bytes());
            opened.write_at(&head, at).unwrap();
        }
        let refused = open(&disk).err().unwrap_or_else(|| panic!("{file} was opened"));
        (file, refused)
    })
}

#[test]
fn every_file_of_a_newer_format_is_refused() {
    for (written, refused) in with_a_file_of_format(4) {
        let OpenError::NewerFormat { file, found: 4, known: 3 } = refused else {
            panic!("{refused}")
        };
        assert_eq!(file, written);
    }
}

/// Its entries would be replayed as something else than they were.
#[test]
fn every_file_of_an_older_format_is_refused() {
    for (written, refused) in with_a_file_of_format(2) {
        let OpenError::OlderFormat { file, found: 2, known: 3 } = refused else {
            panic!("{refused}")
        };
        assert_eq!(file, written);
    }
}

#[test]
fn a_state_older_than_the_log_is_refused() {
    let disk = SimDisk::new();
    let (store, _) = open(&disk).unwrap();
    store.close().unwrap();
    let older = disk.content("state").unwrap();
    let (mut store, _) = open(&disk).unwrap();
    put(&mut store, 1, 60);
    store.close().unwrap();
    disk.open("state").unwrap().write_at(&older, 0).unwrap();
    // A second life 2 would write over the files of the first.
    assert!(damage(&disk).why.contains("an older state"));
    assert_eq!(looked_at(&disk).problems.len(), 1);
}
