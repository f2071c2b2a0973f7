//! Space for what comes: segments grow filled with zeros, and the reserve stays ahead of the data.
//!
//! What was filled once is only overwritten, which needs no space: so a full disk leaves the log as
//! it was, and the reserve usable. File systems that copy on write promise less.

use understudy_evidence::correct;
use understudy_protocol::Position;

use super::Log;
use super::segment::{HEADER, Header, Segment};
use crate::disk::{Disk, DiskFile};
use crate::error::WriteError;
use crate::listing::Sequence;

impl<D: Disk> Log<D> {
    /// Whether a batch as large as the last one that was refused, or a moderate one, would fit.
    /// Takes the space if so.
    pub fn has_room(&mut self) -> Result<bool, WriteError> {
        let moderate = self.options.fill_bytes.min(self.options.segment_bytes / 4);
        self.take_space(self.wanted.max(moderate))
    }

    /// Takes the space for the reserve, if there is any.
    pub fn take_reserve(&mut self) -> Result<bool, WriteError> {
        self.take_space(0)
    }

    fn take_space(&mut self, bytes: u64) -> Result<bool, WriteError> {
        let space = bytes + self.options.reserve_bytes;
        let taken = match self.segments.back() {
            None => self.roll(space),
            Some(active) if self.fits(active, bytes) => self.fill(space),
            Some(_) => self.prepare_spare(HEADER + space),
        };
        match taken {
            Ok(()) => Ok(true),
            Err(WriteError::NoSpace) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sees to it that the last segment has space for `bytes` more and, unless they may use the
    /// reserve, for the reserve after them.
    pub(super) fn make_room(
        &mut self,
        bytes: u64,
        may_use_reserve: bool,
    ) -> Result<(), WriteError> {
        let reserve = if may_use_reserve { 0 } else { self.options.reserve_bytes };
        let Some(active) = self.segments.back() else { return self.roll(bytes + reserve) };
        if may_use_reserve && active.end + bytes <= active.filled {
            return Ok(());
        }
        if self.fits(active, bytes) {
            match self.fill(bytes + reserve) {
                // A spare may have the space that this one lacks.
                Err(WriteError::NoSpace) if !self.spares.is_empty() => {}
                done => return done,
            }
        }
        self.roll(bytes + reserve)
    }

    fn fits(&self, active: &Segment<D::File>, bytes: u64) -> bool {
        active.is_empty() || active.end + bytes <= self.options.segment_bytes
    }

    /// Sees to it that the last segment has space for `bytes` more.
    fn fill(&mut self, bytes: u64) -> Result<(), WriteError> {
        let goal = self.options.segment_bytes + self.options.reserve_bytes;
        let Some(active) = self.segments.back_mut() else { return Ok(()) };
        let goal = goal.min(active.filled + self.options.fill_bytes);
        let what = format!("extend {}", active.name);
        active.fill(active.end + bytes, goal).map_err(WriteError::space(what))
    }

    /// Begins another segment, with space for `bytes`, after what is then durable.
    pub(super) fn roll(&mut self, bytes: u64) -> Result<(), WriteError> {
        self.prepare_spare(HEADER + bytes)?;
        self.sync()?;
        self.begin_segment(self.last)?;
        self.fill(bytes)
    }

    /// Sees to it that the spare that is used next has this length.
    fn prepare_spare(&mut self, length: u64) -> Result<(), WriteError> {
        let name = match self.spares.last() {
            Some(name) => name.clone(),
            None => self.make_spare()?,
        };
        let io = || WriteError::space(format!("extend {name}"));
        let file = self.disk.open(&name).map_err(io())?;
        let filled = file.len().map_err(io())?;
        if filled < length {
            file.write_zeros(filled, length).map_err(|error| {
                // Others may need what it took in vain.
                let _ = file.set_len(filled);
                io()(error)
            })?;
        }
        Ok(())
    }

    fn make_spare(&mut self) -> Result<String, WriteError> {
        let name = self.next_sequence().spare();
        self.disk.create(&name).map_err(WriteError::space(format!("make {name}")))?;
        self.spares.push(name.clone());
        Ok(name)
    }

    /// Turns the last spare into the log's last segment. Its header is durable before its name.
    fn begin_segment(&mut self, previous: Position) -> Result<(), WriteError> {
        let spare = self.spares.pop().expect("a spare was prepared");
        let sequence: Sequence = self.next_sequence();
        let (cluster, generation) = (self.cluster, self.generation);
        let header = Header { cluster, generation, sequence, previous };
        let name = sequence.segment();
        let io = || WriteError::io(format!("begin {name}"));
        let file = self.disk.open(&spare).map_err(io())?;
        file.write_at(&header.encode(), 0).map_err(io())?;
        file.sync().map_err(io())?;
        self.disk.rename(&spare, &name).map_err(io())?;
        correct!(self.disk.sync(), "directory-without-fsync" => Ok(())).map_err(io())?;
        let filled = file.len().map_err(io())?;
        let offsets = Vec::new();
        self.segments.push_back(Segment { name, file, header, offsets, end: HEADER, filled });
        Ok(())
    }
}
