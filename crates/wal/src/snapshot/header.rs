//! What a snapshot says of itself.

use bytes::{Buf, BufMut};
use understudy_protocol::{ClusterId, MAX_INDEX, Position, Settings, Snapshot, Time};

use crate::seal::{Broken, seal, unseal};

const MAGIC: &[u8; 8] = b"USTDSNAP";
/// Blocks begin here.
pub(crate) const HEADER: u64 = 512;

/// What a snapshot says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SnapshotHeader {
    /// Zero while the directory is blank.
    pub cluster: ClusterId,
    /// The generation of the log that goes on from it.
    pub generation: u64,
    pub snapshot: Snapshot,
}

impl SnapshotHeader {
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        body.put_u128_le(self.cluster.0);
        body.put_u64_le(self.generation);
        let Snapshot { position, time, settings } = self.snapshot;
        let words = [position.index, position.epoch, position.hash, time.wall, time.elapsed];
        words.iter().for_each(|&word| body.put_u64_le(word));
        body.put_slice(&settings.encode());
        let mut out = seal(MAGIC, &body);
        out.resize(HEADER as usize, 0);
        out
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Broken> {
        Self::read(unseal(MAGIC, bytes)?).ok_or(Broken::Bad("its header makes no sense"))
    }

    fn read(mut body: &[u8]) -> Option<Self> {
        let cluster = ClusterId(body.try_get_u128_le().ok()?);
        let mut word = || body.try_get_u64_le().ok();
        let generation = word()?;
        let index = word().filter(|index| *index <= MAX_INDEX)?;
        let position = Position { index, epoch: word()?, hash: word()? };
        let time = Time { wall: word()?, elapsed: word()? };
        let settings = Settings::decode(body)?;
        let snapshot = Snapshot { position, time, settings };
        Some(SnapshotHeader { cluster, generation, snapshot })
    }
}
