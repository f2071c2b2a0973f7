//! Writes a snapshot on a thread of its own, while the log goes on.

use std::io::{self, Write};
use std::sync::Arc;

use understudy_protocol::Snapshot;

use super::block::{BLOCK, BLOCK_HEAD, LAST, checksum};
use super::header::{HEADER, SnapshotHeader};
use crate::disk::{Disk, DiskFile};
use crate::listing::TEMPORARY;

/// Blocks between two syncs (4 MiB): a disk that must write a large snapshot at once would keep
/// the log's syncs waiting.
const SYNC_EVERY: u64 = 64;

/// Takes the machine's bytes. What is written counts for nothing until [`SnapshotWriter::finish`]
/// and then [`crate::Store::adopt`]; dropped before, it leaves nothing.
pub struct SnapshotWriter<D: Disk> {
    temporary: Temporary<D>,
    header: SnapshotHeader,
    file: Option<D::File>,
    block: Vec<u8>,
    number: u64,
    being_written: Arc<()>,
}

/// A snapshot that is whole and on the disk, without a name of its own yet.
pub struct Finished<D: Disk> {
    pub(crate) temporary: Temporary<D>,
    pub(crate) header: SnapshotHeader,
    _being_written: Arc<()>,
}

impl<D: Disk> Finished<D> {
    /// What it stands for.
    pub fn snapshot(&self) -> Snapshot {
        self.header.snapshot
    }
}

/// A file that goes with its owner.
pub(crate) struct Temporary<D: Disk> {
    disk: D,
    name: String,
    exists: bool,
}

impl<D: Disk> Temporary<D> {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the file a name to stay.
    pub fn keep(mut self, name: &str) -> io::Result<()> {
        self.disk.rename(&self.name, name)?;
        self.exists = false;
        Ok(())
    }
}

impl<D: Disk> Drop for Temporary<D> {
    fn drop(&mut self) {
        if self.exists {
            // If it cannot be removed now, the next life does it.
            let _ = self.disk.remove(&self.name);
        }
    }
}

impl<D: Disk> SnapshotWriter<D> {
    /// `name` tells it from others that are being written. Touches nothing yet. `being_written` is shared by
    /// all that is on its way.
    pub(crate) fn new(disk: D, name: &str, header: SnapshotHeader, being_written: Arc<()>) -> Self {
        let name = format!("{name}{TEMPORARY}");
        let temporary = Temporary { disk, name, exists: false };
        let (file, block) = (None, Vec::new());
        SnapshotWriter { temporary, header, file, block, number: 0, being_written }
    }

    /// Bytes of the machine taken so far.
    pub(crate) fn taken(&self) -> u64 {
        self.number * BLOCK as u64 + self.block.len() as u64
    }

    /// Makes the snapshot whole and durable.
    pub fn finish(mut self) -> io::Result<Finished<D>> {
        let last = self.block.len() as u32 | LAST;
        self.put_block(last)?;
        self.file()?.sync()?;
        let (temporary, header) = (self.temporary, self.header);
        Ok(Finished { temporary, header, _being_written: self.being_written })
    }

    fn file(&mut self) -> io::Result<&D::File> {
        if self.file.is_none() {
            let file = self.temporary.disk.create(&self.temporary.name)?;
            self.temporary.exists = true;
            file.write_at(&self.header.encode(), 0)?;
            self.file = Some(file);
        }
        Ok(self.file.as_ref().expect("it was just opened"))
    }

    fn put_block(&mut self, length: u32) -> io::Result<()> {
        let number = self.number;
        let block = std::mem::take(&mut self.block);
        let mut out = Vec::with_capacity(BLOCK_HEAD + block.len());
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&checksum(number, length, &block).to_le_bytes());
        out.extend_from_slice(&block);
        let file = self.file()?;
        file.write_at(&out, HEADER + number * (BLOCK_HEAD + BLOCK) as u64)?;
        if number % SYNC_EVERY == SYNC_EVERY - 1 {
            file.sync()?;
        }
        self.block = block;
        self.block.clear();
        self.number += 1;
        Ok(())
    }
}

impl<D: Disk> Write for SnapshotWriter<D> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        // A full block waits for what follows: the last one is marked.
        if self.block.len() == BLOCK {
            self.put_block(BLOCK as u32)?;
        }
        let taken = data.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&data[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
