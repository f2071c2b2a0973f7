//! What the tests of this folder share.
#![allow(dead_code, clippy::unwrap_used)]

use std::io::{Read, Write};

use understudy_protocol::{
    ClusterId, Entry, HardState, Kind, Position, Recovered, Settings, Snapshot, SnapshotPart, Time,
};
use understudy_wal::sim::SimDisk;
use understudy_wal::{Disk, Finished, OpenError, Options, Store};

/// Small files, so that few entries see every corner.
pub fn options() -> Options {
    Options {
        segment_bytes: 8 << 10,
        fill_bytes: 1 << 10,
        reserve_bytes: 512,
        ballast_bytes: 0,
        spares: 2,
        ..Options::new(0xabc)
    }
}

pub fn open<D: Disk>(disk: &D) -> Result<(Store<D>, Recovered), OpenError> {
    Store::open(disk.clone(), options())
}

/// `count` entries of `epoch` after `previous`, of different sizes.
pub fn entries(previous: Position, epoch: u64, count: u64) -> Vec<Entry> {
    let mut last = previous;
    (0..count)
        .map(|_| {
            let index = last.index + 1;
            let payload = vec![(index % 251) as u8; (index * 37 % 400) as usize];
            let time = Time { wall: index * 10, elapsed: index };
            let entry = Entry::after(last, epoch, time, Kind::Command, payload.into());
            last = entry.position();
            entry
        })
        .collect()
}

/// An opening entry after `previous`.
pub fn opening(previous: Position, epoch: u64) -> Entry {
    Entry::after(previous, epoch, Time::default(), Kind::Open, Default::default())
}

/// Appends and syncs.
pub fn put<D: Disk>(store: &mut Store<D>, epoch: u64, count: u64) -> Vec<Entry> {
    let entries = entries(store.last(), epoch, count);
    for entry in &entries {
        store.append(std::slice::from_ref(entry)).unwrap();
    }
    assert_eq!(store.sync().unwrap(), store.last());
    entries
}

pub fn state(epoch: u64, commit: u64) -> HardState {
    HardState { cluster: Some(ClusterId(0xc1)), epoch, commit, ..HardState::default() }
}

/// What a snapshot as of this entry stands for.
pub fn snapshot(entry: &Entry) -> Snapshot {
    let settings = Settings { sync_backups: 2, min_copies: 2, ..Settings::default() };
    Snapshot { position: entry.position(), time: entry.time, settings }
}

/// The bytes of a machine.
pub fn machine(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| (n * 7 + n / 251) as u8).collect()
}

pub fn write_snapshot<D: Disk>(
    store: &mut Store<D>,
    snapshot: Snapshot,
    data: &[u8],
) -> std::io::Result<Finished<D>> {
    let mut writer = store.snapshot_writer(snapshot).map_err(std::io::Error::other)?;
    writer.write_all(data)?;
    writer.finish()
}

/// The machine's bytes as they come back.
pub fn read_snapshot<D: Disk>(store: &Store<D>) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    store.open_snapshot().unwrap()?.read_to_end(&mut data).unwrap();
    Some(data)
}

/// A snapshot in parts of `size` bytes.
pub fn parts(snapshot: Snapshot, data: &[u8], size: usize) -> Vec<SnapshotPart> {
    let count = data.len().div_ceil(size).max(1);
    (0..count)
        .map(|nth| {
            let piece = &data[nth * size..data.len().min((nth + 1) * size)];
            let (offset, last) = ((nth * size) as u64, nth + 1 == count);
            SnapshotPart {
                epoch: 9,
                snapshot,
                offset,
                data: piece.to_vec().into(),
                last,
                background: false,
            }
        })
        .collect()
}

/// The name of a file of this kind, the newest one.
pub fn newest(disk: &SimDisk, prefix: &str) -> String {
    disk.contents().into_keys().rfind(|name| name.starts_with(prefix)).unwrap()
}
