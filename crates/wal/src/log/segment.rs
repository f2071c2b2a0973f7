//! One file of the log: a header, then records.

use bytes::{Buf, BufMut};
use understudy_protocol::{ClusterId, Index, MAX_INDEX, Position};

use crate::disk::DiskFile;
use crate::listing::Sequence;
use crate::seal::{Broken, seal, unseal};

const MAGIC: &[u8; 8] = b"USTDSEGM";
/// Records begin here, in a page of their own.
pub(crate) const HEADER: u64 = 4096;

/// What a segment says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    /// Zero while the directory is blank.
    pub cluster: ClusterId,
    /// Which generation of the log: an installed snapshot begins the next one.
    pub generation: u64,
    pub sequence: Sequence,
    /// What its first record follows.
    pub previous: Position,
}

impl Header {
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        body.put_u128_le(self.cluster.0);
        body.put_u64_le(self.generation);
        body.put_u64_le(self.sequence.life);
        body.put_u32_le(self.sequence.count);
        for word in [self.previous.index, self.previous.epoch, self.previous.hash] {
            body.put_u64_le(word);
        }
        let mut out = seal(MAGIC, &body);
        out.resize(HEADER as usize, 0);
        out
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Broken> {
        Self::read(unseal(MAGIC, bytes)?).ok_or(Broken::Bad("its header makes no sense"))
    }

    fn read(mut body: &[u8]) -> Option<Self> {
        let cluster = ClusterId(body.try_get_u128_le().ok()?);
        let generation = body.try_get_u64_le().ok()?;
        let life = body.try_get_u64_le().ok()?;
        let count = body.try_get_u32_le().ok()?;
        let mut word = || body.try_get_u64_le().ok();
        let index = word().filter(|index| *index <= MAX_INDEX)?;
        let previous = Position { index, epoch: word()?, hash: word()? };
        Some(Header { cluster, generation, sequence: Sequence { life, count }, previous })
    }
}

/// An open segment.
pub(crate) struct Segment<F> {
    pub name: String,
    pub file: F,
    pub header: Header,
    /// Where each record begins.
    pub offsets: Vec<u32>,
    /// Where the next one goes.
    pub end: u64,
    /// Length of the file: it has space on the disk up to here.
    pub filled: u64,
}

impl<F: DiskFile> Segment<F> {
    /// Index of its first record, or of the one to come.
    pub fn first(&self) -> Index {
        self.header.previous.index + 1
    }

    /// Index of its last record, or of the one that the first will follow.
    pub fn last(&self) -> Index {
        self.header.previous.index + self.offsets.len() as u64
    }

    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Where the record of this index begins; the end for the one that comes next.
    pub fn offset(&self, index: Index) -> u64 {
        let nth = (index - self.first()) as usize;
        self.offsets.get(nth).map_or(self.end, |&offset| offset.into())
    }

    /// Takes space up to `target`, if there is any, and up to `goal` if that is easy.
    pub fn fill(&mut self, target: u64, goal: u64) -> std::io::Result<()> {
        if self.filled >= target {
            return Ok(());
        }
        let tried = self.file.write_zeros(self.filled, target.max(goal));
        self.filled = self.file.len()?;
        match self.filled >= target {
            true => Ok(()),
            false => tried,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_no_log_reaches_is_no_header() {
        let header = |index| Header {
            cluster: ClusterId(1),
            generation: 1,
            sequence: Sequence { life: 1, count: 1 },
            previous: Position { index, epoch: 1, hash: 1 },
        };
        assert_eq!(Header::decode(&header(MAX_INDEX).encode()), Ok(header(MAX_INDEX)));
        assert!(Header::decode(&header(MAX_INDEX + 1).encode()).is_err());
    }
}
