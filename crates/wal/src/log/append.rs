//! Writing at the log's end, and cutting it.

use understudy_protocol::{Entry, Index, Kind};

use super::Log;
use super::record::{self, Known};
use super::segment::Segment;
use crate::disk::{Disk, DiskFile};
use crate::error::{WriteError, is_full};

impl<D: Disk> Log<D> {
    /// Writes entries after the end, all or none. They are durable after the next
    /// [`Log::sync`]. A batch of nothing but opening entries may use the reserve.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), WriteError> {
        let Some(newest) = entries.last() else { return Ok(()) };
        self.check_order(entries)?;
        let bytes: usize = entries.iter().map(record::size).sum();
        let opening = entries.iter().all(|entry| entry.kind == Kind::Open);
        if let Err(error) = self.make_room(bytes as u64, opening) {
            self.wanted = bytes as u64;
            return Err(error);
        }
        let active = self.segments.back_mut().expect("room was made in a segment");
        let offsets = {
            // A commit index that the disk does not hold yet is no use to the next life.
            let known = Known { synced: self.synced, commit: self.commit.min(self.synced) };
            encode(&mut self.buffer, active, entries, known)
        };
        if let Err(error) = active.file.write_at(&self.buffer, active.end) {
            return Err(cut_back(active, error));
        }
        active.offsets.extend(offsets);
        active.end += bytes as u64;
        self.after_snapshot += bytes as u64;
        self.last = newest.position();
        self.wanted = 0;
        Ok(())
    }

    fn check_order(&self, entries: &[Entry]) -> Result<(), WriteError> {
        let mut last = self.last;
        for entry in entries {
            if !entry.follows(last) {
                return Err(WriteError::DoesNotFollow { index: entry.index, last: last.index });
            }
            last = entry.position();
        }
        Ok(())
    }

    /// Removes every entry past `after`. The caller has noted, durably, that they count for
    /// nothing: a crash in here leaves some of them.
    pub fn cut(&mut self, after: Index) -> Result<(), WriteError> {
        while self.segments.len() > 1
            && let Some(cut) = self.segments.pop_back_if(|s| s.header.previous.index > after)
        {
            self.retire(cut)?;
        }
        let last = self.position(after).map_err(|error| {
            WriteError::io(format!("read entry {after}"))(std::io::Error::other(error))
        })?;
        let active = self.segments.back_mut().expect("a log with entries has a segment");
        let end = active.offset(after + 1);
        let io = || WriteError::io(format!("cut {}", active.name));
        active.file.write_zeros(end, active.end).map_err(io())?;
        active.file.sync().map_err(io())?;
        active.offsets.truncate((after - active.header.previous.index) as usize);
        active.end = end;
        self.last = last;
        self.synced = after;
        Ok(())
    }
}

fn encode<F: DiskFile>(
    buffer: &mut Vec<u8>,
    active: &Segment<F>,
    entries: &[Entry],
    known: Known,
) -> Vec<u32> {
    let seed = record::seed(active.header.sequence);
    buffer.clear();
    entries
        .iter()
        .map(|entry| {
            let offset = active.end as u32 + buffer.len() as u32;
            record::encode(buffer, seed, entry, known);
            offset
        })
        .collect()
}

/// A file system that copies on write can be full even where a file has its space already: then
/// what was written goes, and the log is as it was.
fn cut_back<F: DiskFile>(active: &mut Segment<F>, error: std::io::Error) -> WriteError {
    let what = format!("write {}", active.name);
    if !is_full(&error) {
        return WriteError::io(what)(error);
    }
    match active.file.set_len(active.end) {
        Ok(()) => {
            active.filled = active.end;
            WriteError::NoSpace
        }
        Err(error) => WriteError::io(what)(error),
    }
}
