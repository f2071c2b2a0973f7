//! A snapshot that is in its place.

use bytes::Bytes;
use understudy_protocol::{ClusterId, Index};

use super::block::{BLOCK, BLOCK_HEAD, LAST, checksum};
use super::header::{HEADER, SnapshotHeader};
use crate::disk::{Disk, DiskFile};
use crate::error::{Damage, OpenError, ReadError};

/// An open snapshot.
pub(crate) struct SnapshotFile<F> {
    pub name: String,
    pub header: SnapshotHeader,
    file: F,
    /// Bytes of the machine.
    length: u64,
}

impl<F> SnapshotFile<F> {
    /// Whether the header says what the name says.
    pub fn check_name(&self, (generation, index): (u64, Index)) -> Result<(), OpenError> {
        if (self.header.generation, self.header.snapshot.position.index) == (generation, index) {
            return Ok(());
        }
        Err(Damage::new(&self.name, 0, index, "its header is that of another snapshot").into())
    }

    /// Whether it is this cluster's.
    pub fn check_cluster(&self, expected: ClusterId) -> Result<(), OpenError> {
        let found = self.header.cluster;
        if found == ClusterId(0) || found == expected {
            return Ok(());
        }
        Err(OpenError::AnotherCluster { file: self.name.clone(), found, expected })
    }
}

impl<F: DiskFile> SnapshotFile<F> {
    /// Opens it and checks its header and where it ends; blocks are checked when they are read.
    pub fn open<D: Disk<File = F>>(disk: &D, name: &str) -> Result<Self, OpenError> {
        let io = || OpenError::io(format!("read {name}"));
        let file = disk.open_read(name).map_err(io())?;
        let head = file.read_vec(0, HEADER as usize).map_err(io())?;
        let header = SnapshotHeader::decode(&head).map_err(|broken| broken.of(name))?;
        let rest = file.len().map_err(io())?.saturating_sub(HEADER);
        let blocks = rest.div_ceil((BLOCK + BLOCK_HEAD) as u64);
        let length = rest.saturating_sub(blocks * BLOCK_HEAD as u64);
        let snapshot = SnapshotFile { name: name.into(), header, file, length };
        let number = blocks.saturating_sub(1);
        let word = snapshot.file.read_vec(snapshot.place(number), 4).map_err(io())?;
        let expected = (length - (number * BLOCK as u64).min(length)) as u32 | LAST;
        if word != expected.to_le_bytes() {
            return Err(snapshot.damage(number, "the snapshot does not end there").into());
        }
        Ok(snapshot)
    }

    /// Bytes it takes on the disk.
    pub fn bytes(&self) -> u64 {
        let blocks = self.length.div_ceil(BLOCK as u64).max(1);
        HEADER + self.length + blocks * BLOCK_HEAD as u64
    }

    /// One block and whether it is the last.
    pub fn block(&self, number: u64) -> Result<(Bytes, bool), ReadError> {
        let read = self.file.read_vec(self.place(number), BLOCK_HEAD + BLOCK);
        let bytes = Bytes::from(read.map_err(ReadError::io(self.name.clone()))?);
        self.check(number, &bytes).ok_or_else(|| {
            self.damage(number, "the checksum of a block of the snapshot differs").into()
        })
    }

    fn check(&self, number: u64, bytes: &Bytes) -> Option<(Bytes, bool)> {
        let word = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
        let sum = u32::from_le_bytes(bytes.get(4..BLOCK_HEAD)?.try_into().ok()?);
        let end = BLOCK_HEAD + (word & !LAST) as usize;
        let data = bytes.get(BLOCK_HEAD..end)?;
        let whole = checksum(number, word, data) == sum;
        whole.then(|| (bytes.slice(BLOCK_HEAD..end), word & LAST != 0))
    }

    /// Up to `bytes` (at least one, unless it ends there) from `offset`, and whether they end it.
    pub fn read(&self, offset: u64, bytes: usize) -> Result<(Bytes, bool), ReadError> {
        if offset > self.length {
            return Err(ReadError::PastEnd { offset });
        }
        let end = self.length.min(offset + bytes.max(1) as u64);
        let mut out = Vec::with_capacity((end - offset) as usize);
        let mut at = offset;
        while at < end {
            let (block, _) = self.block(at / BLOCK as u64)?;
            let skip = (at % BLOCK as u64) as usize;
            let taken = (block.len() - skip).min((end - at) as usize);
            out.extend_from_slice(&block[skip..skip + taken]);
            at += taken as u64;
        }
        Ok((out.into(), end == self.length))
    }

    /// Reads everything and checks it.
    pub fn verify(&self) -> Result<(), ReadError> {
        let mut number = 0;
        while !self.block(number)?.1 {
            number += 1;
        }
        Ok(())
    }

    fn place(&self, number: u64) -> u64 {
        HEADER + number * (BLOCK_HEAD + BLOCK) as u64
    }

    fn damage(&self, number: u64, why: &str) -> Damage {
        Damage::new(&self.name, self.place(number), self.header.snapshot.position.index, why)
    }
}
