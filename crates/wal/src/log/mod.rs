//! The segmented log. It knows nothing of the hard state and of what a snapshot holds.

mod append;
mod entries;
mod found;
mod open;
mod read;
pub(crate) mod record;
mod replayed;
mod retire;
mod room;
mod scan;
mod segment;

use std::collections::VecDeque;

use understudy_evidence::correct;
use understudy_protocol::{ClusterId, Index, Life, Position};

use crate::disk::{Disk, DiskFile};
use crate::error::WriteError;
use crate::listing::Sequence;
use crate::options::Options;

pub use entries::Entries;
pub(crate) use found::{Belonging, Found, Lineage};
pub(crate) use replayed::Replayed;
use segment::Segment;

/// The open log.
pub(crate) struct Log<D: Disk> {
    disk: D,
    options: Options,
    life: Life,
    /// Goes into the header of every new segment.
    pub cluster: ClusterId,
    generation: u64,
    /// Numbers the files of this life.
    count: u32,
    /// Oldest first; the last one grows.
    segments: VecDeque<Segment<D::File>>,
    /// Names of files that can become segments.
    spares: Vec<String>,
    last: Position,
    synced: Index,
    /// How far it is committed, as far as known: goes with what is appended.
    pub commit: Index,
    /// What the last refused batch would have taken, bytes.
    wanted: u64,
    buffer: Vec<u8>,
    /// Bytes after the newest snapshot, those of cut entries among them.
    after_snapshot: u64,
}

impl<D: Disk> Log<D> {
    /// End of the log.
    pub fn last(&self) -> Position {
        self.last
    }

    /// How far it is durable.
    pub fn synced(&self) -> Index {
        self.synced
    }

    /// Bytes after the newest snapshot, about.
    pub fn after_snapshot(&self) -> u64 {
        self.after_snapshot
    }

    /// The newest snapshot ends there now.
    pub fn note_snapshot(&mut self, index: Index) {
        self.after_snapshot = self.bytes_after(index);
    }

    /// Bytes of what it holds after `index`, about.
    pub fn bytes_after(&self, index: Index) -> u64 {
        let after = self.segments.iter().rev().take_while(|segment| segment.last() > index);
        after.map(|segment| segment.end - segment.offset((index + 1).max(segment.first()))).sum()
    }

    /// The first index that it holds, or will hold next.
    pub fn first(&self) -> Index {
        self.segments.front().map_or(self.last.index + 1, Segment::first)
    }

    /// Makes everything appended durable.
    pub fn sync(&mut self) -> Result<Position, WriteError> {
        if self.synced < self.last.index
            && let Some(active) = self.segments.back()
        {
            correct!(active.file.sync(), "log-without-fsync" => Ok(()))
                .map_err(WriteError::io(format!("sync {}", active.name)))?;
            self.synced = self.last.index;
        }
        Ok(self.last)
    }

    fn next_sequence(&mut self) -> Sequence {
        self.count += 1;
        Sequence { life: self.life, count: self.count }
    }
}
