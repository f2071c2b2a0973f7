//! The events of the simulation.

use understudy_protocol::Event;

use crate::clients::{Request, Told};
use crate::world::id::{HostId, Run};

/// A fault that is injected into one replica, or its end.
#[derive(Clone, Copy, Debug)]
pub enum TargetedFault {
    /// kill -9; it is started again later.
    Kill,
    /// All its streams break.
    Break,
    /// SIGSTOP for a while.
    Pause,
    /// The end of the pause.
    Resume,
    /// It loses the other replicas and the register, but not its clients.
    Cut,
    /// It has them again.
    Reconnect,
    /// Somebody else takes all room on its disk at once, and whatever it gives up.
    Fill,
    /// There is room again.
    Free,
}

/// One thing that happens at a time.
#[derive(Debug)]
pub enum SimEvent {
    /// A replica's deadline.
    Wake(HostId, Run),
    /// Something reaches a process.
    Input(HostId, Run, Input),
    /// The next frame of a stream arrives; the direction is that from end 0 or from end 1.
    Frame(u64, usize),
    /// A dial arrives at its target.
    Dial(HostId, Run, String),
    /// A probe arrives at its target.
    Probe(HostId, Run, understudy_protocol::Incarnation, String),
    /// A question for the state arrives at its target.
    Inquire(HostId, Run, String, String),
    /// A request arrives at the register.
    Register(u64),
    /// The register's answer arrives, or the time-out does.
    RegisterAnswer(u64, Event),
    /// A client's request arrives at a host.
    Request(HostId, Request),
    /// A client hears of its try.
    Told(u64, u64, Told),
    /// A client's try has taken too long.
    TryTimeout(u64, u64),
    /// A client may begin its next operation, or try again.
    ClientTurn(u64),
    /// A process is started.
    Start(HostId),
    /// A fault is injected into a replica, or ends.
    Inject(HostId, TargetedFault),
}

/// What reaches a process while it runs, and waits while it is paused.
#[derive(Debug)]
pub enum Input {
    /// An event for the replica.
    Event(Event),
    /// It is asked to leave.
    Leave,
    /// The disk has done what was asked for; the log can be synced now.
    Synced,
    /// What it waits for is done.
    Ready,
    /// Work on another thread is done.
    Done(u64),
    /// Requests that have gathered are given to the replica.
    Flush,
    /// A client's request.
    Request(Request),
}
