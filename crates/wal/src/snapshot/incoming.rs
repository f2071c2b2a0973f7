//! A snapshot that another replica sends, part by part.

use std::io::Write;

use understudy_protocol::{Life, SnapshotPart};

use super::{Finished, SnapshotHeader, SnapshotWriter};
use crate::disk::Disk;
use crate::error::WriteError;

/// What has come so far. It does not survive the life.
pub(crate) struct Incoming<D: Disk> {
    header: SnapshotHeader,
    writer: SnapshotWriter<D>,
}

impl<D: Disk> Incoming<D> {
    /// Waits for the part at offset 0.
    pub fn new(disk: D, life: Life, header: SnapshotHeader) -> Self {
        Incoming { header, writer: SnapshotWriter::new(disk, &format!("incoming-{life}"), header) }
    }

    /// Where the next part of this snapshot must begin; 0 if it is another one.
    pub fn expected(&self, part: &SnapshotPart) -> u64 {
        match self.header.snapshot == part.snapshot {
            true => self.writer.taken(),
            false => 0,
        }
    }

    /// Takes the part that was expected.
    pub fn take(&mut self, part: &SnapshotPart) -> Result<u64, WriteError> {
        let written = self.writer.write_all(&part.data);
        written.map_err(WriteError::space("store a part of a snapshot"))?;
        Ok(self.writer.taken())
    }

    /// Makes it whole and durable.
    pub fn finish(self) -> Result<Finished<D>, WriteError> {
        self.writer.finish().map_err(WriteError::space("finish a snapshot"))
    }
}
