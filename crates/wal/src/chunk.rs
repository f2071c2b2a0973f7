//! Pieces of a snapshot on their way from one replica to another.

use bytes::Bytes;
use understudy_protocol::Snapshot;

/// A piece of the newest snapshot.
#[derive(Clone, PartialEq, Debug)]
pub struct SnapshotChunk {
    /// What that snapshot stands for.
    pub snapshot: Snapshot,
    /// Where `data` begins in the machine's bytes.
    pub offset: u64,
    /// The bytes.
    pub data: Bytes,
    /// Whether the snapshot ends here.
    pub last: bool,
}

/// How far a snapshot that is being received has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Bytes stored: where the next part must begin.
    pub offset: u64,
    /// Whether it was the last part, and log and snapshot are replaced, durably.
    pub installed: bool,
}
