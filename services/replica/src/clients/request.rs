//! What a client's handler asks of the loop, and what it gets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::sync::oneshot;
use understudy_machine::{Command, KeyRange, KeyValue, LeaseInfo, Quota, Reader, Response, Usage};
use understudy_protocol::{ClusterId, Epoch, Member, Settings};

use super::permits::Permit;
use super::weight;
use crate::connections::{ActiveCall, Held};
use crate::driver::View;
use crate::refusal::Refusal;
use crate::watches::Subscription;

/// One request on its way to the loop.
pub(crate) struct LoopRequest {
    pub kind: RequestKind,
    pub responder: Responder,
}

/// A caller that waits for an answer. It holds one of a bounded number of permits until it is answered,
/// also when the client has gone away meanwhile: the permit stands for memory in the loop.
pub(crate) struct Responder {
    pub answer: oneshot::Sender<Result<Answered, Refusal>>,
    pub _permit: Permit,
    /// The call that asked: an answer that is long must find room at its connection.
    pub call: ActiveCall,
    /// Room that it has already.
    pub room: Option<Held>,
    /// The stream that it came in, if the order of requests matters.
    pub stream: Option<OrderedStream>,
}

/// Requests of which none may be executed after one that was not for lack of a primary: the client
/// sends them again, in order. Only the loop closes and looks.
#[derive(Clone, Default)]
pub(crate) struct OrderedStream(Arc<AtomicBool>);

impl OrderedStream {
    /// Lets nothing pass from here on.
    pub fn close(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_closed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Responder {
    /// Answers; a client that has gone away hears nothing. An answer that finds no room at its connection is
    /// given up: the handler is told how much room it needs.
    pub fn answer(self, answer: Result<Answered, Refusal>) {
        let answer = answer.map(|mut answered| {
            let weight = weight::of(&answered.answer);
            if weight > weight::SMALL {
                answered.room = self.room.filter(|room| room.is_for(weight));
                answered.room = answered.room.or_else(|| self.call.account().hold_answer(weight));
                if answered.room.is_none() {
                    answered.answer = Answer::NoRoom(weight);
                }
            }
            answered
        });
        if let (Some(stream), Err(refusal)) = (&self.stream, &answer)
            && refusal.ends_primary()
        {
            stream.close();
        }
        let _ = self.answer.send(answer);
    }
}

/// What is wanted.
pub(crate) enum RequestKind {
    /// To execute an encoded machine command, through the log.
    Command {
        payload: Bytes,
        /// Whether it waits for its commit, whatever the mode.
        requires_commit: bool,
        /// Whether it goes on while the disk is full.
        upkeep: bool,
        /// Whether its answer may be long.
        long: bool,
    },
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

impl RequestKind {
    /// To have `command` executed.
    pub fn executed(command: &Command) -> RequestKind {
        let long = weight::may_be_long(command);
        let (requires_commit, upkeep) = (command.requires_commit(), command.is_upkeep());
        RequestKind::Command { payload: command.to_payload(), requires_commit, upkeep, long }
    }

    /// To read, linearizably or as it stands here.
    pub fn read(read: Read, stale: bool) -> RequestKind {
        if stale { RequestKind::Stale(read) } else { RequestKind::Read(read) }
    }

    /// The same once more, of what may be asked twice.
    pub fn again(&self) -> Option<RequestKind> {
        match self {
            RequestKind::Read(read) => Some(RequestKind::Read(read.clone())),
            RequestKind::Stale(read) => Some(RequestKind::Stale(read.clone())),
            _ => None,
        }
    }
}

/// What is read.
#[derive(Clone)]
pub(crate) enum Read {
    /// A key, at the newest revision (0) or at a given one.
    Key(Bytes, i64),
    /// The whole store, at the newest revision (0) or at a given one.
    Store(i64),
    /// The changes of a range from now on.
    Watch(KeyRange),
    /// A lease, with at most `most` of its keys after the one that is given.
    Lease { lease: i64, after: Bytes, most: usize },
    /// At most `most` leases after the one that is given.
    Leases { after: i64, most: usize },
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
    /// The room that it takes at its connection, if it is long.
    pub room: Option<Held>,
}

/// What was asked for.
pub(crate) enum Answer {
    Executed(Response),
    Key(Option<KeyValue>),
    Store(Box<Reader>),
    /// And the store from which on they come.
    Watch(Subscription, Box<Reader>),
    /// A lease, some of its keys, and whether it has more.
    Lease(LeaseInfo, Vec<Bytes>, bool),
    Leases(Vec<LeaseInfo>),
    /// Words and position; none if there is no such generator.
    Generator(Option<(Vec<u32>, u32)>),
    Settings(Settings),
    Quota(Quota, Usage),
    HandedOver(Option<Member>),
    Status(Box<View>),
    /// This many bytes, for which its connection has no room now.
    NoRoom(usize),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use understudy_proto::kv::v1::ErrorReason;

    use super::*;
    use crate::clients::permits::Permits;

    #[test]
    fn what_is_refused_for_want_of_a_primary_closes_its_lane() {
        let stream = OrderedStream::default();
        let refuse = |refusal: Refusal| {
            let permit = Permits::new(1)
                .take(&RequestKind::Status, ActiveCall::alone().account(), true)
                .unwrap();
            let responder = Responder {
                answer: oneshot::channel().0,
                stream: Some(stream.clone()),
                _permit: permit,
                call: ActiveCall::alone(),
                room: None,
            };
            responder.answer(Err(refusal));
            stream.is_closed()
        };
        assert!(!refuse(Refusal::new(ErrorReason::DiskFull, "full")));
        assert!(refuse(Refusal::not_primary(None, 1, "not me")));
    }
}
