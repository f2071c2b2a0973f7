//! What must hold of a directory, whatever happened to its files.

use std::collections::BTreeMap;
use std::io::Read;

use understudy_protocol::{Entry, Kind, Position, Recovered, Time};
use understudy_wal::sim::SimDisk;
use understudy_wal::{OpenError, Report, Store, entries, verify};

use super::act::{Written, options};

/// No index of a log that anybody wrote comes near this.
const FAR: u64 = u64::MAX / 2;

/// How much happened to the files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    None,
    /// One byte of one of them is not what was written.
    Slight,
    Any,
    /// And the checksums say that it is what was written.
    Forged,
}

pub fn judge(written: &Written, harm: Extent, crash: u64) {
    let disk = &written.disk;
    let report = verify(disk).expect("the disk works");
    if let Ok(entries) = entries(disk) {
        entries.for_each(|_| ());
    }
    let before = durable_files(disk);
    match Store::open(disk.clone(), options()) {
        Err(error) => {
            assert!(harm != Extent::None, "{error}");
            refused(disk, &error, &report, &before);
        }
        Ok((store, recovered)) => {
            check_order(&recovered, store.last());
            if harm != Extent::Forged {
                check_content(written, &store, &recovered);
            }
            if matches!(harm, Extent::None | Extent::Slight) {
                assert_eq!(Some(&recovered.state), written.states.last());
            }
            if harm == Extent::None {
                assert!(report.problems.is_empty(), "{report:?}");
                assert!(store.last().index >= written.durable);
                assert_eq!(recovered.snapshot.position, written.snapshot);
            }
            go_on(disk, store, recovered, crash);
        }
    }
}

/// Nothing is lost by a refusal, and `verify` says why it was one.
fn refused(disk: &SimDisk, error: &OpenError, report: &Report, before: &BTreeMap<String, Vec<u8>>) {
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message:?} is one line");
    assert!(!report.problems.is_empty(), "verify finds nothing, but: {message}");
    assert_eq!(&durable_files(disk), before, "{message}");
    disk.kill();
}

/// The files that hold what a replica has promised.
fn durable_files(disk: &SimDisk) -> BTreeMap<String, Vec<u8>> {
    let mut files = disk.contents();
    files.retain(|name, _| name.starts_with("segment-") || name.starts_with("snapshot-"));
    files
}

/// Entries follow each other from the snapshot to the end.
fn check_order(recovered: &Recovered, end: Position) {
    let mut last = recovered.snapshot.position;
    for entry in &recovered.entries {
        assert!(entry.follows(last), "entry {} follows {last:?}", entry.index);
        last = entry.position();
    }
    assert_eq!(last, end);
    assert!(recovered.first <= recovered.snapshot.position.index + 1);
    assert!(recovered.runs.is_sorted(), "{:?}", recovered.runs);
}

/// All of it was written once.
fn check_content(written: &Written, store: &Store<SimDisk>, recovered: &Recovered) {
    for entry in &recovered.entries {
        assert!(written.entries.contains(entry), "{entry:?} was never written");
    }
    assert!(written.states.contains(&recovered.state), "{:?} was never saved", recovered.state);
    let position = recovered.snapshot.position;
    if position.index == 0 {
        return;
    }
    let machine = written.snapshots.get(&position).expect("a snapshot that was finished once");
    let mut read = Vec::new();
    let mut reader = store.open_snapshot().expect("it was open before").expect("it is there");
    if reader.read_to_end(&mut read).is_ok() {
        assert_eq!(&read, machine);
    }
}

/// The same comes back in the next life, and more can be added.
fn go_on(disk: &SimDisk, mut store: Store<SimDisk>, mut recovered: Recovered, crash: u64) {
    read_back(&store, &recovered.entries);
    let last = store.last();
    if last.index < FAR {
        let payload = b"one more".as_slice().into();
        let entry = Entry::after(last, last.epoch, Time::default(), Kind::Command, payload);
        store.append(std::slice::from_ref(&entry)).expect("the disk has no limit");
        store.sync().expect("the disk works");
        match recovered.runs.last_mut() {
            Some(run) if run.0 == entry.epoch => run.1 = entry.index,
            _ => recovered.runs.push((entry.epoch, entry.index)),
        }
        recovered.entries.push(entry);
    }
    drop(store);
    disk.crash(crash);
    let (store, again) = Store::open(disk.clone(), options()).expect("it was open before");
    read_back(&store, &again.entries);
    assert_eq!(again.entries, recovered.entries);
    assert_eq!(again.runs, recovered.runs);
    assert_eq!(again.state, recovered.state);
    assert_eq!(again.snapshot, recovered.snapshot);
    assert_eq!(again.incarnation, recovered.incarnation);
    assert!(again.life > recovered.life);
    drop(store);
    disk.kill();
}

/// The disk says the same as what was recovered.
fn read_back(store: &Store<SimDisk>, entries: &[Entry]) {
    let mut at = 0;
    while let Some(entry) = entries.get(at) {
        let (_, read) = store.read(entry.index, 4000).expect("it was recovered");
        assert_eq!(read, entries[at..at + read.len()]);
        at += read.len();
    }
}
