//! Everything that can happen to a replica.

use bytes::Bytes;

use crate::{
    ConnId, Incarnation, Index, Message, Observed, PeerState, Position, RegisterFailure, RequestId,
    Snapshot, WriteAnswer,
};
use crate::{Entry, Kind};

/// The clocks at the time of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Now {
    /// Monotonic nanoseconds from any start.
    pub mono: u64,
    /// Wall clock, nanoseconds since 1970. Used to stamp entries, never to decide.
    pub wall: u64,
}

/// A write that a client (or the runtime itself) asks for.
#[derive(Clone, PartialEq, Debug)]
pub struct Proposal {
    /// Who waits for it.
    pub id: RequestId,
    /// [`Kind::Command`], [`Kind::Tick`] or [`Kind::Settings`].
    pub kind: Kind,
    /// The entry's payload.
    pub payload: Bytes,
    /// Whether it is executed, and answered, only once it is committed, also in `async` mode: it makes
    /// something that must exist permanently, such as a session's number.
    pub requires_commit: bool,
    /// Whether it is small and frees room, or keeps what there is: it may use what a full disk has in reserve.
    pub upkeep: bool,
}

/// How a probe of a peer's port ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProbeResult {
    /// Somebody accepts connections there.
    Answered,
    /// The host says that nobody does: the process is gone.
    Refused,
    /// No answer in time, which means nothing.
    Silent,
}

/// What room a disk has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Room {
    /// For nothing but the opening of an epoch.
    None,
    /// For what was accepted before it ran short, and for the upkeep of what there is.
    Reserve,
    /// For what comes, once log that a snapshot covers goes.
    Scarce,
    /// For what comes.
    #[default]
    Ample,
}

impl Room {
    /// Whether there is none except for upkeep.
    pub fn is_full(self) -> bool {
        self <= Room::Reserve
    }
}

/// One input of [`crate::Replica::step`].
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// Time has passed; due whenever [`crate::Replica::deadline`] says so, harmless at any time.
    Tick,

    /// Writes and reads that arrived since the last step; they share a batch and a read round.
    Requests {
        /// Writes, in order.
        proposals: Vec<Proposal>,
        /// Reads that want a linearizable answer.
        reads: Vec<RequestId>,
    },

    /// My dial ([`crate::Effect::Dial`]) gave a stream.
    Connected(ConnId),
    /// My dial gave none.
    DialFailed(ProbeResult),
    /// A message came in on a stream, mine or a peer's.
    Received(ConnId, Message),
    /// A stream ended, for whatever reason.
    Closed(ConnId),
    /// A probe ended ([`crate::Effect::Probe`]).
    Probed(Incarnation, ProbeResult),
    /// A configured peer answered, or did not, whether it is blank ([`crate::Effect::Inquire`]).
    Inquired {
        /// Its configured name.
        peer: String,
        /// `Err` says why there is no answer.
        answer: Result<PeerState, String>,
    },

    /// The log is on disk up to here (ignored where the log has been cut since).
    Durable(Position),
    /// The disk has room again, or has run short of it.
    Space(Room),
    /// A read of the log ended ([`crate::Effect::ReadLog`]).
    LogRead {
        /// For which stream.
        conn: ConnId,
        /// The position before the first entry.
        previous: Position,
        /// At least one entry; `Err` when the log no longer reaches back that far.
        entries: Result<Vec<Entry>, String>,
    },
    /// A read of the newest snapshot ended ([`crate::Effect::ReadSnapshot`]).
    SnapshotRead {
        /// For which stream.
        conn: ConnId,
        /// Which snapshot: may be a newer one than the last part's.
        snapshot: Snapshot,
        /// Where `data` begins.
        offset: u64,
        /// Its bytes.
        data: Bytes,
        /// Whether it ends here.
        last: bool,
    },
    /// A part of a snapshot is stored, or the install is complete
    /// ([`crate::Effect::StoreSnapshot`]).
    SnapshotStored {
        /// From which stream.
        conn: ConnId,
        /// Which snapshot.
        position: Position,
        /// Bytes stored so far.
        offset: u64,
    },
    /// A snapshot of my own is on disk; the log before it may go.
    SnapshotMade(Position),

    /// The machine has executed what [`crate::Effect::Apply`] gave it.
    Applied {
        /// Index of the first.
        first: Index,
        /// The running digest after each, in order.
        digests: Vec<u64>,
    },

    /// The answer to [`crate::Effect::ReadRegister`].
    RegisterRead(Result<Observed, RegisterFailure>),
    /// The answer to [`crate::Effect::WriteRegister`].
    RegisterWritten(WriteAnswer),
    /// Somebody says that the register has changed. Only a reason to read it.
    RegisterChanged,

    /// An operator asks the primary to hand over to a backup.
    HandOver {
        /// Who asks.
        id: RequestId,
        /// The backup's name; any will do without it.
        to: Option<String>,
    },
    /// This process is asked to go (SIGTERM).
    Leave,
}
