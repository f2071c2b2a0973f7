//! Reading back what the log holds.

use bytes::Bytes;
use understudy_protocol::{Entry, Index, Position};

use super::Log;
use super::record::{self, HEAD};
use super::segment::{HEADER, Segment};
use crate::disk::{Disk, DiskFile};
use crate::error::{Damage, ReadError};

impl<D: Disk> Log<D> {
    /// The end of the prefix that this index closes; 0 and the end of a segment before the first
    /// entry count.
    pub fn position(&self, index: Index) -> Result<Position, ReadError> {
        if index == self.last.index {
            return Ok(self.last);
        }
        match self.segments.iter().find(|s| s.header.previous.index == index) {
            Some(segment) => Ok(segment.header.previous),
            None => self.segment(index)?.position(index),
        }
    }

    /// What each segment holds of the log up to `through`: last index and bytes, oldest first.
    pub fn pieces(&self, through: Index) -> Vec<(Index, u64)> {
        self.segments
            .iter()
            .filter(|segment| segment.first() <= through.min(segment.last()))
            .map(|segment| {
                let last = through.min(segment.last());
                (last, segment.offset(last + 1) - HEADER)
            })
            .collect()
    }

    /// Entries from `from` on with the position before them: at least one, then as many as
    /// fit into `bytes` and lie in one segment.
    pub fn read(&self, from: Index, bytes: usize) -> Result<(Position, Vec<Entry>), ReadError> {
        let segment = self.segment(from)?;
        let previous = self.position(from - 1)?;
        let start = segment.offset(from);
        let room = start + bytes as u64;
        let fitting = (from + 1..=segment.last()).take_while(|i| segment.offset(i + 1) <= room);
        let to = fitting.last().unwrap_or(from);
        let size = (segment.offset(to + 1) - start) as usize;
        let io = ReadError::io(segment.name.clone());
        let bytes: Bytes = segment.file.read_vec(start, size).map_err(io)?.into();
        Ok((previous, segment.decode(bytes, start, previous, to)?))
    }

    fn segment(&self, index: Index) -> Result<&Segment<D::File>, ReadError> {
        if index > self.last.index {
            return Err(ReadError::Beyond { from: index, last: self.last.index });
        }
        let after = self.segments.partition_point(|segment| segment.first() <= index);
        let nth = after.checked_sub(1);
        nth.and_then(|nth| self.segments.get(nth))
            .ok_or(ReadError::Released { from: index, first: self.first() })
    }
}

impl<F: DiskFile> Segment<F> {
    fn position(&self, index: Index) -> Result<Position, ReadError> {
        let offset = self.offset(index);
        let head = self.file.read_vec(offset, HEAD).map_err(ReadError::io(self.name.clone()))?;
        record::position(&head)
            .filter(|position| position.index == index)
            .ok_or_else(|| self.damage(offset, index))
    }

    fn decode(
        &self,
        bytes: Bytes,
        start: u64,
        previous: Position,
        to: Index,
    ) -> Result<Vec<Entry>, ReadError> {
        let seed = record::seed(self.header.sequence);
        let mut last = previous;
        let mut entries = Vec::new();
        let mut at = 0;
        while last.index < to {
            let record = record::decode(&bytes, at, seed)
                .filter(|record| record.entry.follows(last))
                .ok_or_else(|| self.damage(start + at as u64, last.index + 1))?;
            last = record.entry.position();
            at += record.size;
            entries.push(record.entry);
        }
        Ok(entries)
    }

    fn damage(&self, offset: u64, index: Index) -> ReadError {
        let why = "the record that was written there is not there any more";
        Damage::new(&self.name, offset, index, why).into()
    }
}
