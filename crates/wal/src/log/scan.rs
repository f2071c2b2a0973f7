//! Reads a segment's records and judges where they end: at a tail that a crash tore, or at damage.

use bytes::Bytes;
use understudy_protocol::{Entry, Index, Position};

use super::record::{self, ALIGN, HEAD, Record};
use super::segment::{HEADER, Header};
use crate::error::Damage;

/// A segment's whole records.
pub(crate) struct Scanned {
    /// Where each begins.
    pub offsets: Vec<u32>,
    /// Where the next one goes.
    pub end: usize,
    /// End of what must be wiped before anything is written there; `end` when nothing must.
    pub wipe: usize,
    /// The prefix of the log that they close.
    pub last: Position,
    /// How far they prove that the log was durable.
    pub synced: Index,
    /// How far they say that it was committed.
    pub commit: Index,
}

/// What is known about a segment before it is read.
pub(crate) struct Bounds {
    /// No record after this index counts.
    pub limit: Index,
    /// Every record up to this index was durable: it must be there.
    pub floor: Index,
}

/// Reads the records of a segment in order.
///
/// A record that is not whole ends them. It is a torn tail unless its entry was known to be durable
/// once: by `floor`, or by what a whole record after it says. For records of one sync reach the
/// disk in any order, a whole record after a bad one alone proves nothing.
pub(crate) fn scan(
    file: &str,
    header: &Header,
    bytes: &Bytes,
    bounds: Bounds,
    mut each: impl FnMut(Entry),
) -> Result<Scanned, Damage> {
    let seed = record::seed(header.sequence);
    let end = HEADER as usize;
    let mut done = Scanned {
        offsets: Vec::new(),
        end,
        wipe: end,
        last: header.previous,
        synced: 0,
        commit: 0,
    };
    while done.last.index < bounds.limit {
        let Some(record) = record::decode(bytes, done.end, seed) else {
            return torn_or_damaged(file, bytes, seed, bounds.floor, done);
        };
        if !record.entry.follows(done.last) {
            let why = format!("entry {} there does not follow the log", record.entry.index);
            return Err(Damage::new(file, done.end as u64, done.last.index + 1, why));
        }
        done.offsets.push(done.end as u32);
        done.end += record.size;
        done.wipe = done.end;
        done.last = record.entry.position();
        done.synced = done.synced.max(record.synced);
        done.commit = done.commit.max(record.commit);
        each(record.entry);
    }
    Ok(done)
}

fn torn_or_damaged(
    file: &str,
    bytes: &Bytes,
    seed: u32,
    floor: Index,
    mut done: Scanned,
) -> Result<Scanned, Damage> {
    let index = done.last.index + 1;
    let mut durable = floor;
    for (at, orphan) in orphans(bytes, done.end, seed, index) {
        durable = durable.max(orphan.synced);
        done.wipe = (at + orphan.size).min(bytes.len());
    }
    if index <= durable {
        let why = format!("no whole record, though the log was durable up to entry {durable}");
        return Err(Damage::new(file, done.end as u64, index, why));
    }
    Ok(done)
}

/// Every whole record of this segment after a bad one at `from`. Lengths there cannot be trusted,
/// so each place is tried.
fn orphans(
    bytes: &Bytes,
    from: usize,
    seed: u32,
    expected: Index,
) -> impl Iterator<Item = (usize, Record)> {
    // Bounds what is worth a checksum: more records than this fit in no segment.
    let plausible = expected..expected.saturating_add((bytes.len() / HEAD) as u64 + 1);
    (from..bytes.len().saturating_sub(HEAD - 1))
        .step_by(ALIGN)
        .filter(move |&at| record::claimed_index(bytes, at).is_some_and(|i| plausible.contains(&i)))
        .filter_map(move |at| Some((at, record::decode(bytes, at, seed)?)))
}
