//! What a replica remembers on disk besides log and snapshots, and what it finds when it starts.

use crate::{
    ClusterId, Entry, Epoch, Incarnation, Index, Life, Nonce, Position, RegisterUid, Settings, Time,
};

/// The small record that is on disk before what it says is acted upon.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HardState {
    /// The cluster this copy belongs to; `None` while the directory is blank.
    pub cluster: Option<ClusterId>,
    /// The register object that names it.
    pub register: Option<RegisterUid>,
    /// The highest epoch that this copy has followed or won.
    pub epoch: Epoch,
    /// A lower bound of the commit index.
    pub commit: Index,
    /// The newest records that this copy has followed or won, oldest first. Another nonce of the same epoch
    /// shows that the register went back. At most 16, not all epochs need be there.
    pub records: Vec<KnownRecord>,
    /// The epoch of the newest order to go on without what other copies may hold (`understudy recover
    /// only-member`), as far as known here; 0 for none.
    pub ordered: Epoch,
    /// Set when a digest differed and a replay is under way; a second mismatch halts.
    pub replaying: bool,
    /// Why an operator must look before this copy may go on.
    pub halted: Option<String>,
}

/// What a copy remembers of a record of the register.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct KnownRecord {
    /// Its epoch.
    pub epoch: Epoch,
    /// Its nonce.
    pub nonce: Nonce,
    /// Index of the first entry of that epoch, where this copy has won it; 0: not known. What lies there is
    /// of this epoch or a later one.
    pub begins: Index,
}

/// What a snapshot stands for: a prefix of the log, and what the protocol must know of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Snapshot {
    /// The end of the prefix.
    pub position: Position,
    /// The clocks of its last entry.
    pub time: Time,
    /// The cluster's settings as of it.
    pub settings: Settings,
}

/// What a data directory holds when a life begins.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    /// Which copy of the log.
    pub incarnation: Incarnation,
    /// This life's number, already on disk.
    pub life: Life,
    /// The hard state as last saved.
    pub state: HardState,
    /// The newest commit index that the log's records tell; a lower bound, as the hard state's.
    pub commit: Index,
    /// The newest snapshot; all zero when there is none.
    pub snapshot: Snapshot,
    /// First index still in the log, so that a follower that lags can be fed from it. Equals
    /// `snapshot.position.index + 1`, or less where older segments are kept.
    pub first: Index,
    /// What the log takes on disk up to the snapshot's end, piece by piece, oldest first: `(last index, bytes)`.
    pub pieces: Vec<(Index, u64)>,
    /// The runs of one epoch in the whole retained log, oldest first: `(epoch, last index)`.
    pub runs: Vec<(Epoch, Index)>,
    /// Whether the life before this one ended in order, with everything that it had received on disk.
    pub clean: bool,
    /// Every entry after the snapshot, durable again in this life.
    pub entries: Vec<Entry>,
}
