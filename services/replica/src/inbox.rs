//! What reaches the loop: two bounded queues that it owns and drains. Clients have their own, so
//! that a flood of requests never keeps a peer's message or a register's answer waiting.

use tokio::sync::{mpsc, oneshot};
use understudy_host::Done;
use understudy_machine::KvMachine;
use understudy_protocol::{ConnId, Event, PeerState};
use understudy_wal::RealDisk;

use crate::clients::{LoopRequest, OPERATORS};
use crate::peers::Outbox;
use crate::wire::Undecodable;

/// Messages of tasks that may wait; a task whose message finds no room waits with it.
const TASKS: usize = 256;

/// A message of a task to the loop.
pub(crate) enum Input {
    /// Something for the protocol.
    Event(Event),
    /// A stream is open; what is sent on it goes into its outbox.
    Opened(ConnId, Outbox),
    /// A stream is closed, since what came on it cannot be understood.
    Undecodable(ConnId, Undecodable),
    /// My dial gave this stream.
    Dialed(ConnId, Outbox),
    /// A peer asks whether this replica is blank.
    Inquiry(oneshot::Sender<PeerState>),
    /// Work on a thread of its own is done.
    Done(Box<Done<RealDisk, KvMachine>>),
}

/// Where tasks put their messages.
pub(crate) type Outlet = mpsc::Sender<Input>;

/// The loop's end of both queues.
pub(crate) struct Inbox {
    pub tasks: mpsc::Receiver<Input>,
    pub requests: mpsc::Receiver<LoopRequest>,
}

/// Both queues; clients' requests that wait are bounded by `waiting`.
pub(crate) fn inbox(waiting: usize) -> (Inbox, Outlet, mpsc::Sender<LoopRequest>) {
    let (outlet, tasks) = mpsc::channel(TASKS);
    let (sender, requests) = mpsc::channel(waiting + OPERATORS);
    (Inbox { tasks, requests }, outlet, sender)
}
