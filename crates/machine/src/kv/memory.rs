//! What the state takes in memory, about, from counts alone: both replicas come to the same number, whatever
//! their hosts are. The constants are what the allocator gives for the maps' nodes, half full, on 64 bits;
//! `tests/memory.rs` holds them against what is really allocated.

use super::key::Key;
use super::record::Record;
use crate::{Failure, FailureCode, Limit};

/// What an empty store takes, and a first node of each map.
pub(crate) const BASE: u64 = 128 << 10;
/// A key with its record, in a leaf with eight of sixteen places taken, and its part of the branches.
const ENTRY: u64 = 248;
/// A key's numbers in a snapshot: four of them, of ten bytes at most, and what they are.
pub(crate) const FRAME: u64 = 96;
/// The same key among those of its lease.
const ON_LEASE: u64 = 96;
/// The reference count of a shared buffer.
const SHARED: u64 = 32;
/// A session, its deadline, and a node for its answers.
pub(crate) const SESSION: u64 = 1_280;
/// An answer that is held, beside its bytes.
const HELD: u64 = 160;
/// A lease, its deadline, and a node for its keys.
pub(crate) const LEASE: u64 = 960;
/// A generator: they lie in the map's nodes.
pub(crate) const GENERATOR: u64 = 5_632;
/// A change that history keeps, beside key and value: itself, its revision, its place by key.
const CHANGE: u64 = 416;
/// A deletion that is remembered, beside its key: it stands in two maps.
const DELETION: u64 = 224;

/// What the allocator takes for a buffer of this length: there are four sizes to each power of two, and pages.
fn block(bytes: u64) -> u64 {
    let step = (bytes.next_power_of_two() / 8).clamp(16, 4096);
    bytes.next_multiple_of(step)
}

/// The same where only the sum of many is known.
fn blocks(bytes: u64) -> u64 {
    bytes.saturating_add(bytes / 4)
}

/// A key's place, and the key.
pub(crate) fn of_key(key: &Key) -> u64 {
    ENTRY + if matches!(key, Key::Long(_)) { shared(key.len()) } else { 0 }
}

/// What is kept of it.
pub(crate) fn of_record(record: &Record) -> u64 {
    shared(record.value.len() as u64) + if record.lease == 0 { 0 } else { ON_LEASE }
}

fn shared(bytes: u64) -> u64 {
    if bytes == 0 { 0 } else { SHARED + block(bytes) }
}

/// Answers that are held: how many, and their bytes together.
pub(crate) fn of_held(count: u64, bytes: u64) -> u64 {
    count.saturating_mul(HELD).saturating_add(blocks(bytes))
}

/// Changes in history: how many, and the bytes of their keys and values.
pub(crate) fn of_changes(count: u64, bytes: u64) -> u64 {
    count.saturating_mul(CHANGE).saturating_add(blocks(bytes))
}

/// Deletions that are remembered: how many, and the bytes of their keys.
pub(crate) fn of_deletions(count: u64, bytes: u64) -> u64 {
    count.saturating_mul(DELETION).saturating_add(blocks(bytes))
}

/// What the state may take: bytes, 0 where nobody has said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Budget(pub u64);

/// What keys, leases and generators leave of it at most: for history, which gives way to all others, and for
/// sessions and their answers, so that a client that comes to free something can.
const SPARED: u64 = 64 << 20;

impl Budget {
    /// Whether an operation may leave a state that permanently takes `after` bytes of memory, history not
    /// counted, where it took `before`, and `spared` bytes beside.
    pub fn check(self, before: u64, after: u64, spared: u64) -> Result<(), Failure> {
        let lasting = self.0 - (self.0 / 8).min(SPARED);
        for (limit, after) in [(lasting, after), (self.0, after.saturating_add(spared))] {
            if self.0 > 0 && after > limit && after > before {
                let code = FailureCode::QuotaExceeded;
                return Err(Failure::beyond(code, Limit::Memory, limit, after));
            }
        }
        Ok(())
    }
}
