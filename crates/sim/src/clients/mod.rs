//! Clients: each does one operation after the other, finds the primary, and retries with the same
//! stamp, so that every operation is executed at most once.

pub(crate) mod attend;
pub(crate) mod story;
pub(crate) mod translate;
pub(crate) mod workload;

use std::collections::VecDeque;

use bytes::Bytes;
use understudy_history::Action;
use understudy_machine::{Command, Failure, KeyValue, OpenSession, Operation, Response, Stamp};
use understudy_protocol::{Rejection, Settings};

use crate::clients::workload::Workload;
use crate::world::id::HostId;

/// What travels from a client to a host.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub client: u64,
    /// Which of its tries, to recognise the answer.
    pub attempt: u64,
    /// What for.
    pub wish: Wish,
    /// When it was sent.
    pub sent: u64,
}

/// What a client asks of a replica.
#[derive(Clone, Debug)]
pub enum Wish {
    /// A command for the log.
    Execute(Bytes),
    /// A linearizable read of a key, at the newest revision (0) or at an old one.
    Read(String, u64),
    /// A handover, as an operator would order it.
    HandOver,
    /// Other settings.
    Settle(Settings),
}

/// What a client hears of a try.
#[derive(Clone, Debug)]
pub enum Told {
    /// The command was executed.
    Executed(Response),
    /// The key was read, at this revision of the store; or it keeps no such old one.
    Read(Result<Option<KeyValue>, Failure>, i64),
    /// Surely not executed.
    Rejected(Rejection),
    /// Nobody listens there; surely not executed.
    Refused,
    /// The connection is gone, or the replica's life has ended: it may have been executed.
    Lost,
    /// The handover is complete.
    HandedOver,
}

/// What a client does.
#[derive(Clone, Debug)]
pub enum Job {
    /// An operation of the history.
    Action(Action),
    /// An order to hand over.
    HandOver,
    /// An operation of no history, which may be executed twice.
    Operate(Operation),
    /// An operation of no history, executed once.
    Stamped(Operation),
    /// A change of the settings.
    Settle(Settings),
    /// Nothing.
    Rest,
}

/// One client.
pub struct Client {
    /// Its number, from 0.
    pub id: u64,
    /// Where it believes the primary to be.
    pub target: HostId,
    /// Its session, once it has one.
    pub session: Option<u64>,
    /// The last sequence used in the session.
    pub sequence: u64,
    /// What it does now.
    pub ongoing: Option<Ongoing>,
    /// What it will do.
    pub queue: VecDeque<Job>,
    /// Where it takes more from.
    pub workload: Option<Workload>,
    /// How many operations it has begun.
    pub begun: u64,
    /// How long a try may take, nanoseconds.
    pub patience: u64,
    /// How long an operation may take, nanoseconds.
    pub deadline: u64,
    /// The lifetime that it asks for its sessions, nanoseconds.
    pub ttl: u64,
    /// It asks this replica alone.
    pub pinned: Option<HostId>,
    /// Whose share counts what it makes; empty: nobody's.
    pub owner: Bytes,
}

/// An operation under way.
#[derive(Clone, Debug)]
pub struct Ongoing {
    /// What.
    pub job: Job,
    /// Unique within the client.
    pub id: u64,
    /// When it began.
    pub begin: u64,
    /// The stamp's sequence, once it has one.
    pub sequence: Option<u64>,
    /// The try that is under way; 0 between tries.
    pub attempt: u64,
    /// Whether that try only opens a session.
    pub opening: bool,
    /// Some try may have been executed.
    pub maybe: bool,
}

impl Client {
    /// A client that does what its queue and its workload give.
    pub fn new(id: u64, workload: Option<Workload>) -> Self {
        Client {
            id,
            target: 0,
            session: None,
            sequence: 0,
            ongoing: None,
            queue: VecDeque::new(),
            workload,
            begun: 0,
            patience: 1_000_000_000,
            deadline: 8_000_000_000,
            ttl: 60_000_000_000,
            pinned: None,
            owner: Bytes::new(),
        }
    }

    /// Asks for an operation to be executed once; first for a session, if it has none.
    pub(crate) fn once(&mut self, operation: Operation) -> Wish {
        let Some(ongoing) = self.ongoing.as_mut() else { unreachable!("nothing is asked for") };
        let Some(session) = self.session else {
            ongoing.opening = true;
            let open = Command::new(OpenSession { ttl: self.ttl }).owned_by(&self.owner);
            return Wish::Execute(open.to_payload());
        };
        let sequence = *ongoing.sequence.get_or_insert_with(|| {
            self.sequence += 1;
            self.sequence
        });
        ongoing.maybe = true;
        let stamp = Stamp { session, sequence, received_below: sequence };
        let command = Command::stamped(stamp, operation).owned_by(&self.owner);
        Wish::Execute(command.to_payload())
    }
}
