//! One entry on disk.
//!
//! ```text
//! CRC32C u32 | payload length u32 | index | epoch | wall | elapsed | hash | synced | kind u8, commit u56 | payload
//! ```
//! All words but the first two are u64, little-endian; the payload is padded to a multiple of 8.
//! The checksum covers the segment's number, too: what an earlier segment left in a file that is
//! used again never passes for a record of this one. `synced` is how far the log was known to be
//! durable when the record was written; it tells damage from a torn tail. `commit` is how far the log
//! was known to be committed then, never more than `synced`; 0 in what older programs wrote.

use bytes::{Buf, BufMut, Bytes};
use understudy_evidence::correct;
use understudy_protocol::{Entry, Index, Kind, Position, Time};

use crate::listing::Sequence;

/// Bytes of a record besides its payload.
pub(crate) const HEAD: usize = 64;
/// The largest commit index that a record tells; beyond, it tells this one, which is as true.
const COMMIT: Index = (1 << 56) - 1;
/// Records begin at multiples of this.
pub(crate) const ALIGN: usize = 8;

/// A record that passed its checksum.
pub(crate) struct Record {
    pub entry: Entry,
    pub synced: Index,
    /// How far the log was known to be committed.
    pub commit: Index,
    /// Bytes it takes, padding included.
    pub size: usize,
}

/// What the checksums of a segment's records begin with.
pub(crate) fn seed(sequence: Sequence) -> u32 {
    let seed = crc32c::crc32c(&sequence.life.to_le_bytes());
    crc32c::crc32c_append(seed, &sequence.count.to_le_bytes())
}

/// Bytes that the entry takes on disk.
pub(crate) fn size(entry: &Entry) -> usize {
    padded(entry.payload.len())
}

fn padded(payload: usize) -> usize {
    HEAD + payload.next_multiple_of(ALIGN)
}

/// What a record says besides its entry.
#[derive(Clone, Copy, Default)]
pub(crate) struct Known {
    /// How far the log is durable.
    pub synced: Index,
    /// How far it is committed.
    pub commit: Index,
}

/// Appends the entry's record to `out`.
pub(crate) fn encode(out: &mut Vec<u8>, seed: u32, entry: &Entry, known: Known) {
    let start = out.len();
    out.put_u32_le(0);
    out.put_u32_le(entry.payload.len() as u32);
    let Time { wall, elapsed } = entry.time;
    for word in [entry.index, entry.epoch, wall, elapsed, entry.hash, known.synced] {
        out.put_u64_le(word);
    }
    out.put_u64_le(entry.kind as u64 | known.commit.min(COMMIT) << 8);
    out.put_slice(&entry.payload);
    let sum = crc32c::crc32c_append(seed, &out[start + 4..]);
    out[start..start + 4].copy_from_slice(&sum.to_le_bytes());
    out.resize(start + size(entry), 0);
}

/// The record at this offset, if a whole one is there. Its payload shares `bytes`.
pub(crate) fn decode(bytes: &Bytes, at: usize, seed: u32) -> Option<Record> {
    let rest = bytes.get(at..)?;
    let mut head = rest.get(..HEAD)?;
    let sum = head.get_u32_le();
    let length = head.get_u32_le() as usize;
    let kind = Kind::from_u8(rest[HEAD - 8])?;
    let covered = rest.get(4..HEAD + length)?;
    let is_whole = crc32c::crc32c_append(seed, covered) == sum;
    if !correct!(is_whole, "torn-record-accepted" => true) {
        return None;
    }
    let mut word = || head.get_u64_le();
    let (index, epoch) = (word(), word());
    let time = Time { wall: word(), elapsed: word() };
    let (hash, synced, commit) = (word(), word(), word() >> 8);
    let payload = bytes.slice(at + HEAD..at + HEAD + length);
    let entry = Entry { index, epoch, time, kind, payload, hash };
    Some(Record { entry, synced, commit, size: padded(length) })
}

/// The index that the bytes at this offset claim, for a quick look.
pub(crate) fn claimed_index(bytes: &[u8], at: usize) -> Option<Index> {
    let word = bytes.get(at + 8..at + 16)?;
    Some(Index::from_le_bytes(word.try_into().ok()?))
}

/// The position that a record's head names, unchecked.
pub(crate) fn position(mut head: &[u8]) -> Option<Position> {
    head.try_get_u64_le().ok()?;
    let mut word = || head.try_get_u64_le().ok();
    let (index, epoch, _, _, hash) = (word()?, word()?, word()?, word()?, word()?);
    Some(Position { index, epoch, hash })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const SEQUENCE: Sequence = Sequence { life: 3, count: 1 };

    fn entry(index: Index, kind: u8, payload: Vec<u8>) -> Entry {
        let previous = Position { index: index - 1, epoch: 2, hash: 77 };
        let time = Time { wall: 5, elapsed: 6 };
        Entry::after(previous, 3, time, Kind::from_u8(kind).unwrap(), payload.into())
    }

    proptest! {
        #[test]
        fn a_record_comes_back(
            index in 1u64.., kind in 1u8..=4, payload: Vec<u8>, synced: u64, commit: u64,
            before in 0usize..9
        ) {
            let entry = entry(index, kind, payload);
            let mut out = vec![0xee; before * ALIGN];
            encode(&mut out, seed(SEQUENCE), &entry, Known { synced, commit });
            prop_assert_eq!(out.len(), before * ALIGN + size(&entry));
            let out = Bytes::from(out);
            let back = decode(&out, before * ALIGN, seed(SEQUENCE)).unwrap();
            prop_assert_eq!(back.size, size(&entry));
            prop_assert_eq!(back.synced, synced);
            prop_assert_eq!(back.commit, commit.min(COMMIT));
            prop_assert_eq!(claimed_index(&out, before * ALIGN), Some(index));
            prop_assert_eq!(position(&out[before * ALIGN..]), Some(entry.position()));
            prop_assert_eq!(back.entry, entry);
        }

        #[test]
        fn a_changed_or_cut_record_is_refused(payload: Vec<u8>, at: prop::sample::Index) {
            let entry = entry(9, 2, payload);
            let mut out = Vec::new();
            encode(&mut out, seed(SEQUENCE), &entry, Known { synced: 8, commit: 7 });
            let covered = HEAD + entry.payload.len();
            let bit = at.index(covered * 8);
            out[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(decode(&out.clone().into(), 0, seed(SEQUENCE)).is_none());
            out[bit / 8] ^= 1 << (bit % 8);
            out.truncate(bit / 8);
            prop_assert!(decode(&out.into(), 0, seed(SEQUENCE)).is_none());
        }
    }

    #[test]
    fn a_record_of_another_segment_is_refused() {
        let mut out = Vec::new();
        encode(&mut out, seed(SEQUENCE), &entry(1, 2, b"x".to_vec()), Known::default());
        let other = Sequence { count: 2, ..SEQUENCE };
        assert!(decode(&out.into(), 0, seed(other)).is_none());
    }
}
