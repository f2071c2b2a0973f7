//! A snapshot that another replica sends, part by part.

use std::io::Write;

use understudy_protocol::SnapshotPart;

use super::{Finished, SnapshotFile, SnapshotHeader, SnapshotWriter};
use crate::disk::Disk;
use crate::error::{OpenError, ReadError, WriteError};

/// What has come so far. It does not survive the life.
pub struct Incoming<D: Disk> {
    disk: D,
    header: SnapshotHeader,
    writer: SnapshotWriter<D>,
}

impl<D: Disk> Incoming<D> {
    /// Waits for the part at offset 0.
    pub(crate) fn new(disk: D, header: SnapshotHeader, writer: SnapshotWriter<D>) -> Self {
        Incoming { disk, header, writer }
    }

    /// Where the next part of this snapshot must begin; 0 if it is another one.
    pub(crate) fn expected(&self, header: SnapshotHeader) -> u64 {
        match self.header == header {
            true => self.writer.taken(),
            false => 0,
        }
    }

    /// Takes the part that was expected.
    pub(crate) fn take(&mut self, part: &SnapshotPart) -> Result<u64, WriteError> {
        let written = self.writer.write_all(&part.data);
        written.map_err(WriteError::space("store a part of a snapshot"))?;
        Ok(self.writer.taken())
    }

    /// Makes it whole and durable, and checks it. Reads all of it, on any thread.
    ///
    /// # Errors
    /// The disk's, or that something else was written than was received.
    pub fn finish(self) -> Result<Finished<D>, WriteError> {
        let finished = self.writer.finish().map_err(WriteError::space("finish a snapshot"))?;
        check_whole(&self.disk, finished.temporary.name())?;
        Ok(finished)
    }
}

fn check_whole<D: Disk>(disk: &D, name: &str) -> Result<(), WriteError> {
    let io = |error: Box<dyn std::error::Error + Send + Sync>| {
        WriteError::io(format!("check {name}"))(std::io::Error::other(error))
    };
    let opened = SnapshotFile::open(disk, name);
    match opened.map(|snapshot| snapshot.verify()) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(ReadError::Damaged(damage))) | Err(OpenError::Damaged(damage)) => {
            Err(WriteError::BadSnapshot(damage))
        }
        Ok(Err(error)) => Err(io(error.into())),
        Err(error) => Err(io(error.into())),
    }
}
