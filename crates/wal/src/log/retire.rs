//! Segments that are not needed any more: kept to be used again, or removed.

use understudy_protocol::{Index, Position};

use super::Log;
use super::segment::Segment;
use crate::disk::Disk;
use crate::error::WriteError;

impl<D: Disk> Log<D> {
    /// Lets go of every whole segment with nothing after `through`, oldest first.
    pub fn release(&mut self, through: Index) -> Result<(), WriteError> {
        while self.covers(through)
            && let Some(oldest) = self.segments.pop_front()
        {
            self.retire(oldest)?;
        }
        Ok(())
    }

    /// Whether there is a whole segment with nothing after `through`.
    pub fn covers(&self, through: Index) -> bool {
        self.segments.len() > 1 && self.segments.front().is_some_and(|s| s.last() <= through)
    }

    /// Lets go of everything: the log goes on after a snapshot that is in its place, durably.
    pub fn replace(&mut self, base: Position, generation: u64) -> Result<(), WriteError> {
        self.generation = generation;
        self.after_snapshot = 0;
        self.last = base;
        self.synced = base.index;
        while let Some(segment) = self.segments.pop_back() {
            self.retire(segment)?;
        }
        Ok(())
    }

    /// Makes a spare of a segment, or removes it. That is durable before its file is written
    /// again and before the next one goes, so that a crash leaves no gap.
    pub(super) fn retire(&mut self, segment: Segment<D::File>) -> Result<(), WriteError> {
        let io = || WriteError::io(format!("release {}", segment.name));
        let normal = self.options.segment_bytes + self.options.reserve_bytes;
        if self.spares.len() < self.options.spares && segment.filled <= normal {
            let spare = self.next_sequence().spare();
            self.disk.rename(&segment.name, &spare).map_err(io())?;
            self.spares.push(spare);
        } else {
            self.disk.remove(&segment.name).map_err(io())?;
        }
        self.disk.sync().map_err(io())
    }

    /// Removes spares that others need the space of, all but the one that the log goes on in; whether there were any.
    pub fn discard_spares(&mut self) -> Result<bool, WriteError> {
        let last = self.spares.len().saturating_sub(1);
        for spare in self.spares.drain(..last) {
            self.disk.remove(&spare).map_err(WriteError::io(format!("remove {spare}")))?;
        }
        Ok(last > 0)
    }

    /// Removes spares beyond what the options allow.
    pub(super) fn discard_extra_spares(&mut self) -> Result<(), WriteError> {
        while self.spares.len() > self.options.spares.max(1)
            && let Some(spare) = self.spares.pop()
        {
            self.disk.remove(&spare).map_err(WriteError::io(format!("remove {spare}")))?;
        }
        Ok(())
    }
}
