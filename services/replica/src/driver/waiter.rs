//! Whoever waits for an answer of the replica.

use crate::clients::{OrderedStream, Read, Responder};

/// A request that the replica has: where its answer goes, and what is read once it may be.
pub(crate) struct Waiting {
    pub awaited: AnswerKind,
    pub responder: Responder,
}

/// What was awaited, as far as the answer depends on it.
pub(crate) enum AnswerKind {
    /// The answer of the machine, or that there was none.
    Response,
    /// The settings after the change.
    Settings,
    /// A read.
    Read(Read),
}

impl understudy_host::Waiter for Waiting {
    fn connection(&self) -> u64 {
        self.responder.call.account().id()
    }

    fn is_gone(&self) -> bool {
        self.responder.answer.is_closed()
    }

    fn is_cut_off(&self) -> bool {
        self.responder.stream.as_ref().is_some_and(OrderedStream::is_closed)
    }
}
