//! What a client's handler asks of the loop, and what it gets.

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use understudy_machine::{KeyRange, KeyValue, LeaseInfo, Quota, Reader, Response, Usage};
use understudy_protocol::{ClusterId, Epoch, Member, Settings};

use super::Refusal;
use crate::driver::View;
use crate::watches::Subscription;

/// One request on its way to the loop.
pub(crate) struct Ask {
    pub want: Want,
    pub slot: Slot,
}

/// Whoever waits for an answer. It holds one of a bounded number of places until it is answered,
/// also when the client has gone away meanwhile: the place stands for memory in the loop.
pub(crate) struct Slot {
    pub answer: oneshot::Sender<Result<Answered, Refusal>>,
    pub _place: OwnedSemaphorePermit,
}

impl Slot {
    /// Answers; a client that has gone away hears nothing.
    pub fn answer(self, answer: Result<Answered, Refusal>) {
        let _ = self.answer.send(answer);
    }
}

/// What is wanted.
pub(crate) enum Want {
    /// To execute an encoded machine command, through the log.
    Command(Bytes),
    /// To change the cluster's settings, through the log.
    Settings(Settings),
    /// To read, linearizably.
    Read(Read),
    /// To read whatever has been executed here.
    Stale(Read),
    /// To hand over.
    HandOver(Option<String>),
    /// To know how this replica is.
    Status,
}

/// What is read.
pub(crate) enum Read {
    /// A key, at the newest revision (0) or at a given one.
    Key(Bytes, i64),
    /// The whole store, at the newest revision (0) or at a given one.
    Store(i64),
    /// The changes of a range from now on.
    Watch(KeyRange),
    /// A lease, with at most so many of its keys behind the one that is given.
    Lease { lease: i64, behind: Bytes, most: usize },
    /// At most so many leases behind the one that is given.
    Leases { behind: i64, most: usize },
    /// The state of a generator.
    Generator(String),
    /// The settings.
    Settings,
    /// The quota and its use.
    Quota,
}

/// An answer with what its header says.
pub(crate) struct Answered {
    pub cluster: ClusterId,
    pub epoch: Epoch,
    pub revision: i64,
    pub answer: Answer,
}

/// What was asked for.
pub(crate) enum Answer {
    Executed(Response),
    Key(Option<KeyValue>),
    Store(Box<Reader>),
    Watch(Subscription),
    /// A lease, some of its keys, and whether it has more.
    Lease(LeaseInfo, Vec<Bytes>, bool),
    Leases(Vec<LeaseInfo>),
    /// Words and position; none if there is no such generator.
    Generator(Option<(Vec<u32>, u32)>),
    Settings(Settings),
    Quota(Quota, Usage),
    HandedOver(Option<Member>),
    Status(Box<View>),
}
