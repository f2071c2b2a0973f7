//! Everything that a replica asks its surroundings to do.

use crate::{
    ConnId, EndReason, Entry, Epoch, HardState, Incarnation, Index, Member, Message, Observed,
    Position, Record, RequestId, RoleName, SnapshotPart,
};

/// Why a request was turned away. Each means: definitely not executed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rejection {
    /// This replica does not act.
    NotPrimary {
        /// Where clients reach the one that does, as far as known.
        primary: Option<String>,
        /// The highest epoch known.
        epoch: Epoch,
    },
    /// The disk has no room beyond the reserve.
    DiskFull,
    /// Too much is waiting for the backup already.
    Overloaded,
    /// The settings ask for more copies than there are.
    TooFewCopies,
    /// A handover was asked for and cannot be done.
    NoHandOver(String),
}

/// One output of [`crate::Replica::step`]. Effects are carried out in order.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Open a replication stream to this peer address; answer `Connected` or `DialFailed`.
    Dial {
        /// `host:port`.
        address: String,
    },
    /// Find out whether anything listens there; answer `Probed`.
    Probe {
        /// Whose address it is.
        incarnation: Incarnation,
        /// `host:port`.
        address: String,
    },
    /// Ask a configured peer for its [`crate::PeerState`]; answer `Inquired`.
    Inquire {
        /// Its configured name.
        peer: String,
        /// `host:port`.
        address: String,
    },
    /// Put a message on a stream. A stream that is gone swallows it.
    Send(ConnId, Message),
    /// End a stream, after what was sent on it.
    Close(ConnId),

    /// Make this durable before any later effect is carried out. A failure ends the life.
    SaveState(HardState),
    /// Write these after the log's end and sync; answer `Durable`. Need not be awaited.
    Append(Vec<Entry>),
    /// Write these, which are about to be cut from the log though they were acknowledged to clients, into a file
    /// of their own, durably, before any later effect is carried out. A failure ends the life.
    SetAside(Vec<Entry>),
    /// Cut the log after this index, durably, before any later effect is carried out.
    Truncate {
        /// The last index that stays.
        after: Index,
    },
    /// Read entries from `from` on, about `bytes` of them, at least one; answer `LogRead`.
    ReadLog {
        /// For which stream.
        conn: ConnId,
        /// First index.
        from: Index,
        /// How many bytes at most (unless the first entry is larger).
        bytes: usize,
    },
    /// Read the newest snapshot from `offset` on; answer `SnapshotRead`.
    ReadSnapshot {
        /// For which stream.
        conn: ConnId,
        /// The snapshot that earlier parts were of; when a newer one has replaced it the answer
        /// starts at offset 0 of that one.
        position: Position,
        /// Where to begin.
        offset: u64,
        /// How many bytes at most.
        bytes: usize,
    },
    /// Store a part; with the last one replace log and machine by the snapshot, durably and at
    /// once; answer `SnapshotStored`. Part 0 discards what an earlier transfer left. One that is sent beside
    /// the log replaces nothing yet, and where it finds no room the answer is 0 bytes.
    StoreSnapshot(ConnId, SnapshotPart),
    /// The snapshot stored in the background is the newest one from here on, durably, before any later effect is
    /// carried out; the log stays. The machine is what it says.
    AdoptSnapshot(Position),
    /// The log up to and including this index is not needed any more.
    Release {
        /// Last index that may go.
        through: Index,
    },

    /// Execute these, in order, and answer those that wait; answer `Applied`.
    Apply(Vec<(Entry, Option<RequestId>)>),

    /// Read the register linearizably; answer `RegisterRead`.
    ReadRegister,
    /// Write it by test-and-set over what was observed; answer `RegisterWritten`.
    WriteRegister {
        /// What the write is based on.
        base: Observed,
        /// What it shall say.
        record: Record,
    },

    /// These reads may be executed now.
    Serve(Vec<RequestId>),
    /// These requests are turned away.
    Reject(Vec<RequestId>, Rejection),
    /// These requests end with "outcome unknown": their entries stay in the log.
    Abandon(Vec<RequestId>),
    /// The handover that was asked for is complete.
    HandedOver(RequestId),

    /// This copy was dropped and did not come back: its supervisor may end the process and start
    /// another, provided that the process still is the one that holds this copy. Issued once per
    /// copy and term.
    Evict {
        /// The copy, as the register named it.
        member: Member,
    },

    /// A transition, for the log: one line.
    Transition(Transition),
    /// Something worth a line in the log that is not a transition.
    Note(String),
    /// End this life at once: pending requests end with "outcome unknown", connections close, the
    /// process restarts.
    EndLife(EndReason),
    /// End this life at once, set the data directory aside, never erased, and restart with a blank
    /// one, as another copy (rule 11).
    Renew(String),
    /// Leave the cluster's business: stay up, answer nothing, say why, until an operator acts.
    Halt(String),
    /// Everything that a leaving replica owes is done: exit.
    Left,
}

/// An effect that concerns the data directory, as [`Effect`] has it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum OnDisk<'a> {
    /// [`Effect::SaveState`].
    SaveState(&'a HardState),
    /// [`Effect::Append`].
    Append(&'a [Entry]),
    /// [`Effect::SetAside`].
    SetAside(&'a [Entry]),
    /// [`Effect::Truncate`]: the last index that stays.
    Truncate(Index),
    /// [`Effect::ReadLog`]: first index, and bytes.
    ReadLog(Index, usize),
    /// [`Effect::ReadSnapshot`]: which one, where to begin, and bytes.
    ReadSnapshot(Position, u64, usize),
    /// [`Effect::StoreSnapshot`].
    StoreSnapshot(&'a SnapshotPart),
    /// [`Effect::AdoptSnapshot`].
    AdoptSnapshot(Position),
    /// [`Effect::Release`]: the last index that may go.
    Release(Index),
}

impl Effect {
    /// What it asks of the data directory, if anything.
    pub fn on_disk(&self) -> Option<OnDisk<'_>> {
        Some(match self {
            Effect::SaveState(state) => OnDisk::SaveState(state),
            Effect::Append(entries) => OnDisk::Append(entries),
            Effect::SetAside(entries) => OnDisk::SetAside(entries),
            Effect::Truncate { after } => OnDisk::Truncate(*after),
            Effect::ReadLog { from, bytes, .. } => OnDisk::ReadLog(*from, *bytes),
            Effect::ReadSnapshot { position, offset, bytes, .. } => {
                OnDisk::ReadSnapshot(*position, *offset, *bytes)
            }
            Effect::StoreSnapshot(_, part) => OnDisk::StoreSnapshot(part),
            Effect::AdoptSnapshot(position) => OnDisk::AdoptSnapshot(*position),
            Effect::Release { through } => OnDisk::Release(*through),
            Effect::Dial { .. }
            | Effect::Probe { .. }
            | Effect::Inquire { .. }
            | Effect::Send(..)
            | Effect::Close(_)
            | Effect::Apply(_)
            | Effect::ReadRegister
            | Effect::WriteRegister { .. }
            | Effect::Serve(_)
            | Effect::Reject(..)
            | Effect::Abandon(_)
            | Effect::HandedOver(_)
            | Effect::Evict { .. }
            | Effect::Transition(_)
            | Effect::Note(_)
            | Effect::EndLife(_)
            | Effect::Renew(_)
            | Effect::Halt(_)
            | Effect::Left => return None,
        })
    }
}

/// A change of role.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transition {
    /// Role before.
    pub from: RoleName,
    /// Role now.
    pub to: RoleName,
    /// Epoch now.
    pub epoch: Epoch,
    /// Why.
    pub why: String,
    /// How long the former role lasted, nanoseconds.
    pub lasted: u64,
}
