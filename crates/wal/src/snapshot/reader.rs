//! Reads the machine's bytes back.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use understudy_protocol::Snapshot;

use super::SnapshotFile;
use crate::disk::DiskFile;

/// The machine's bytes of one snapshot. A block that is damaged ends reading with an error of kind
/// [`io::ErrorKind::InvalidData`].
pub struct SnapshotReader<F> {
    file: SnapshotFile<F>,
    number: u64,
    block: Bytes,
    ended: bool,
}

impl<F: DiskFile> SnapshotReader<F> {
    pub(crate) fn new(file: SnapshotFile<F>) -> Self {
        SnapshotReader { file, number: 0, block: Bytes::new(), ended: false }
    }

    /// What it stands for.
    pub fn snapshot(&self) -> Snapshot {
        self.file.header.snapshot
    }
}

impl<F: DiskFile> Read for SnapshotReader<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.block.is_empty() && !self.ended {
            let block = self.file.block(self.number);
            (self.block, self.ended) =
                block.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            self.number += 1;
        }
        let taken = buffer.len().min(self.block.len());
        self.block.copy_to_slice(&mut buffer[..taken]);
        Ok(taken)
    }
}
