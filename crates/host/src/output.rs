//! What a replica asks its surroundings to do.

use std::fmt;

use understudy_machine::Machine;
use understudy_protocol::{
    ConnId, EndReason, Entry, Epoch, Incarnation, Index, Member, Message, Observed, Position,
    Record, Rejection, Transition,
};
use understudy_wal::Disk;

use crate::Work;

/// One output of [`crate::Host::next`]. They are carried out in order.
pub enum Output<D: Disk, M: Machine, W> {
    /// Nothing: a step inside is done.
    Internal,
    /// The log has entries that are not synced: call [`crate::Host::sync`], soon. What is asked for until then
    /// comes under the same sync. Said once for each.
    Sync,
    /// What is next must be on disk before anything that follows: call [`crate::Host::sync`]. Nothing goes on
    /// until then.
    Barrier,

    /// Open a replication stream to this address; answer `Connected` or `DialFailed`.
    Dial(String),
    /// Find out whether anything listens at that copy's address; answer `Probed`.
    Probe(Incarnation, String),
    /// Ask the configured peer of that name, at that address, for its state; answer `Inquired`.
    Inquire(String, String),
    /// Put a message on a stream. A stream that is gone swallows it.
    Send(ConnId, Message),
    /// End a stream, after what was sent on it.
    Close(ConnId),

    /// Read the register linearizably; answer `RegisterRead`.
    ReadRegister,
    /// Write it by test-and-set over what was observed; answer `RegisterWritten`.
    WriteRegister(Observed, Record),

    /// Run this on another thread; answer [`crate::Input::Done`] with what it gives.
    Work(Work<D, M>),

    /// An entry was executed; whoever waits for it is to be answered.
    Executed(Executed<M, W>),
    /// A request has another answer.
    Answer(W, Answer),

    /// A snapshot of this replica is the newest one.
    SnapshotSaved(Position),
    /// A snapshot that the primary sent in the background is the newest one; the log stays.
    SnapshotReceived(Position),
    /// A snapshot that the primary sent has taken the place of log and machine.
    SnapshotInstalled(Position),
    /// Entries that clients may have been told about were set aside before they are cut.
    SetAside {
        /// The file.
        file: String,
        /// The first entry's index and epoch.
        first: (Index, Epoch),
        /// The last one's index.
        last: Index,
    },
    /// The role has changed.
    Transition(Transition),
    /// A line for whoever operates this.
    Note(Level, String),
    /// This copy was dropped and did not come back: its process may be replaced.
    Evict(Member),
    /// The replica stays up and does nothing more, for this reason.
    Halted(String),
    /// This life is over; nothing follows.
    End(End),
}

/// How much a line matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// For the record.
    Info,
    /// Somebody should look at it.
    Warn,
    /// Somebody must look at it.
    Error,
}

/// How a life ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// It was asked to go, and has gone in order.
    Left,
    /// The next life begins with what is on disk.
    Life(Reason),
    /// The next life begins with a blank directory; this one is set aside.
    Renewed(String),
}

/// Why a life has to begin anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The protocol says so.
    Protocol(EndReason),
    /// The disk has failed, or what was received cannot be used.
    Disk(String),
    /// What was to be written contradicts what is there: somebody must hear of it.
    Bug(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Protocol(why) => why.fmt(f),
            Reason::Disk(why) | Reason::Bug(why) => f.write_str(why),
        }
    }
}

/// An entry that was executed.
pub struct Executed<M: Machine, W> {
    /// The entry.
    pub entry: Entry,
    /// What the machine made of it.
    pub output: M::Output,
    /// The machine's digest after it.
    pub digest: u64,
    /// Whether it is committed; in `async` mode it may be executed before.
    pub committed: bool,
    /// Who waits for it.
    pub waiter: Option<W>,
}

/// An answer that is no execution.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// The read may be executed now, on [`crate::Host::machine`].
    Read,
    /// The handover is complete.
    HandedOver,
    /// Not executed, and never will be.
    Rejected(Rejection),
    /// Not executed: what came before it was turned away.
    CutOff,
    /// It may be executed yet, or never: this replica is not primary any more.
    Unknown,
}
