//! What reaches a replica from outside.

use bytes::Bytes;
use understudy_machine::Machine;
use understudy_protocol::{Event, Settings};
use understudy_wal::Disk;

use crate::Done;

/// One input of [`crate::Host::input`].
pub enum Input<D: Disk, M: Machine, W> {
    /// Something for the protocol: of a stream, the register, a peer. What the host itself tells the protocol
    /// (`Tick`, `Requests`, `Durable`, `Applied` and the like) never comes from outside.
    Event(Event),
    /// Somebody asks for something.
    Request(Request<W>),
    /// This process is asked to go.
    Leave,
    /// Work on another thread has ended.
    Done(Done<D, M>),
}

/// A request, and who waits for its answer.
pub struct Request<W> {
    /// What is wanted.
    pub kind: RequestKind,
    /// Gets the answer.
    pub waiter: W,
}

/// What a request wants.
#[derive(Clone, Debug)]
pub enum RequestKind {
    /// To execute a command through the log.
    Command {
        /// The command, as the machine decodes it.
        payload: Bytes,
        /// Whether it is executed only once it is committed, also in `async` mode.
        requires_commit: bool,
        /// Whether it goes on while the disk is full.
        upkeep: bool,
        /// Bytes that its answer may have: it takes its turn by these, too.
        answer: usize,
    },
    /// To change the cluster's settings.
    Settings(Settings),
    /// To read, linearizably. What is read, only the waiter knows.
    Read,
    /// To hand over to the backup of that name, or to any.
    HandOver(Option<String>),
}

/// Whoever waits for an answer.
pub trait Waiter {
    /// Which connection it came on: connections take turns.
    fn connection(&self) -> u64;

    /// Whether nobody waits any more: what was not begun is dropped.
    fn is_gone(&self) -> bool {
        false
    }

    /// Whether a request that had to be executed before this one was turned away: then this one is, too.
    fn is_cut_off(&self) -> bool {
        false
    }
}
