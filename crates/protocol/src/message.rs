//! What replicas say to each other on a replication stream. The follower dials; each stream carries
//! one direction of each, in order, and a message from a stream that is closed counts for nothing.

use bytes::Bytes;

use crate::{
    ClusterId, Contradiction, Entry, Epoch, Index, Life, Member, Nonce, Position, Round, Snapshot,
};

/// Version of [`Message`], of what the messages mean, and of what entries say. Replicas of different versions
/// refuse each other.
pub const PROTOCOL_VERSION: u32 = 3;

/// One message of a replication stream.
#[derive(Clone, PartialEq, Debug)]
pub enum Message {
    /// Follower to primary, first on the stream.
    Hello(Box<Hello>),
    /// Primary to follower: the stream is accepted, and again when the primary's epoch has changed; what follows
    /// is of that epoch.
    Welcome {
        /// The primary's epoch.
        epoch: Epoch,
        /// Its cluster, which a blank follower adopts.
        cluster: ClusterId,
        /// The epoch of the newest order to go on without what other copies may hold, 0 for none.
        ordered: Epoch,
        /// The newest records of the register that it knows, at most 16: what its followers did not see of
        /// the register, their successors must know.
        records: Vec<(Epoch, Nonce)>,
    },
    /// Primary to follower: no. The stream is closed after it.
    Refused(Refusal),
    /// Primary to follower: entries, or none as a heartbeat.
    Append(Append),
    /// Follower to primary.
    Ack(Ack),
    /// Primary to follower: a part of a snapshot, for one whose log ends before ours begins, or for one that
    /// executes nothing.
    SnapshotPart(SnapshotPart),
    /// Follower to primary: everything of this snapshot before `offset` is stored; 0 for one in the background
    /// that is not wanted.
    SnapshotAck {
        /// The snapshot's end.
        position: Position,
        /// Bytes stored.
        offset: u64,
    },
    /// Primary to backup: you hold everything and I have stopped; win the register.
    TakeOver {
        /// The primary's epoch.
        epoch: Epoch,
        /// The end of its log.
        last: Position,
        /// The primary's process goes away: do not name it.
        leaving: bool,
    },
    /// Backup to primary: no (I am leaving too, or have no room).
    TakeOverRefused(String),
    /// Follower to primary: we cannot both be right; I stop, and so must you.
    Contradiction(Contradiction),
    /// Backup to primary: I am leaving, drop me first.
    Leave,
    /// Primary to backup: you are not obliged any more, go in peace.
    Dropped,
}

/// Who dials, and where its log stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Hello {
    /// Protocol version, see [`crate::PROTOCOL_VERSION`].
    pub version: u32,
    /// The follower's cluster, `None` for a blank one.
    pub cluster: Option<ClusterId>,
    /// The follower as the register would name it.
    pub member: Member,
    /// Its life.
    pub life: Life,
    /// The highest epoch it has followed or won, or seen in the register.
    pub epoch: Epoch,
    /// The nonce of that epoch's record, if known.
    pub nonce: Option<Nonce>,
    /// The end of what is committed there, as far as known: the zero position is always true.
    pub commit: Position,
    /// First index of its retained log and the runs of one epoch in it (last index of each).
    pub first: Index,
    /// See `first`.
    pub runs: Vec<(Epoch, Index)>,
    /// Its disk has no room except for upkeep ([`crate::Room::Reserve`]).
    pub full: bool,
    /// Bytes of memory that it has for what the machine holds; `None`: it does not know.
    pub memory: Option<u64>,
}

/// Why a stream was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// I do not act; this is the epoch that I know, read the register.
    NotPrimary(Epoch),
    /// The follower belongs to another cluster than mine.
    WrongCluster(ClusterId),
    /// The follower speaks another version than mine.
    WrongVersion(u32),
    /// A newer life of that incarnation has been here.
    OldLife(Life),
    /// The follower's copy and mine contradict each other.
    Contradiction(Contradiction),
    /// Something that people must look at.
    Other(String),
}

/// Entries after a position that the follower must already have.
#[derive(Clone, PartialEq, Debug)]
pub struct Append {
    /// The primary's epoch.
    pub epoch: Epoch,
    /// The position that the first entry follows; without entries, the end of what was sent.
    pub previous: Position,
    /// In order, without gaps; may be empty.
    pub entries: Vec<Entry>,
    /// The primary's commit index.
    pub commit: Index,
    /// The newest read round that wants confirming.
    pub round: Round,
    /// The primary's machine: digest as of the entry with this index.
    pub digest: (Index, u64),
}

/// What the follower holds, and that it still follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ack {
    /// The epoch that it follows. A primary of another epoch must not count this.
    pub epoch: Epoch,
    /// End of the prefix verified against this primary on this stream.
    pub verified: Index,
    /// End of the part of it that is durable here.
    pub durable: Index,
    /// The newest read round seen: "I still followed `epoch` when it reached me".
    pub round: Round,
    /// A higher epoch that it has heard of, if any: read the register.
    pub newer: Option<Epoch>,
    /// Its disk has no room except for upkeep ([`crate::Room::Reserve`]).
    pub full: bool,
}

/// A part of a snapshot file.
#[derive(Clone, PartialEq, Debug)]
pub struct SnapshotPart {
    /// The primary's epoch.
    pub epoch: Epoch,
    /// What the snapshot stands for.
    pub snapshot: Snapshot,
    /// Where `data` begins, bytes.
    pub offset: u64,
    /// Bytes of the snapshot.
    pub data: Bytes,
    /// Whether the snapshot ends here.
    pub last: bool,
    /// It is sent in the background, to a backup that executes nothing: the log stays.
    pub background: bool,
}

/// What a replica answers to "are you blank?" when a cluster may be born.
#[derive(Clone, PartialEq, Debug)]
pub struct PeerState {
    /// Protocol version.
    pub version: u32,
    /// The replica as the register would name it.
    pub member: Member,
    /// Its life.
    pub life: Life,
    /// Its cluster; `None` means that its directory is blank.
    pub cluster: Option<ClusterId>,
}
