//! One operation of a pipeline that has no result.

use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use understudy_proto::kv::v1::execute_operation::Operation;
use understudy_proto::kv::v1::execute_result::Result as OperationResult;
use understudy_proto::kv::v1::{ErrorReason, ExecuteOperation, ResponseHeader};

use crate::failure::{Failure, Meaning};
use crate::outcome::{End, Outcome};
use crate::sessions::Ticket;
use crate::{Error, Rejection};

/// One operation of a pipeline that has no result.
pub(crate) struct PendingOp {
    call: &'static str,
    pub operation: ExecuteOperation,
    /// Of a mutation.
    ticket: Option<Ticket>,
    reply: oneshot::Sender<Result<Done, Error>>,
    began: Instant,
    pub until: Instant,
    /// Whether it may have been executed, or may yet be.
    pub in_doubt: bool,
    /// Given back when it has its result.
    _room: OwnedSemaphorePermit,
}

/// The result of an operation, and the header that a single call would have.
#[derive(Debug)]
pub(crate) struct Done {
    pub header: ResponseHeader,
    pub result: OperationResult,
}

impl PendingOp {
    pub fn new(
        call: &'static str,
        operation: Operation,
        ticket: Option<Ticket>,
        reply: oneshot::Sender<Result<Done, Error>>,
        (began, until): (Instant, Instant),
        room: OwnedSemaphorePermit,
    ) -> Self {
        let operation = ExecuteOperation { operation: Some(operation) };
        Self { call, operation, ticket, reply, began, until, in_doubt: false, _room: room }
    }

    /// Whether it changes nothing.
    pub fn is_read(&self) -> bool {
        self.ticket.is_none()
    }

    /// Whether it must be sent again after this answer, which does not tell what became of it.
    pub fn is_unsettled_by(&self, rejection: &Rejection) -> bool {
        let failure = Failure::Answered(rejection.clone());
        match failure.meaning() {
            Meaning::InDoubt => true,
            Meaning::NotDone => self.in_doubt,
            // It may have room again, and then the answer of the try in doubt can still be had.
            _ => self.in_doubt && rejection.reason == Some(ErrorReason::DiskFull),
        }
    }

    pub fn done(self, done: Done) {
        self.answer(Ok(done));
    }

    pub fn refused(self, rejection: Rejection) {
        let meaning = Failure::Answered(rejection.clone()).meaning();
        if let (Meaning::SessionGone, Some(ticket)) = (meaning, &self.ticket) {
            ticket.end_session();
        }
        let for_good = meaning == Meaning::RefusedForGood;
        self.end(End::Refused { rejection, for_good });
    }

    /// Ends without an answer.
    pub fn end(self, end: End) {
        let outcome = Outcome { end, in_doubt: self.in_doubt, waited: self.began.elapsed() };
        let error = match self.is_read() {
            true => outcome.of_read(self.call),
            false => outcome.of_mutation(self.call),
        };
        self.answer(Err(error));
    }

    fn answer(self, answer: Result<Done, Error>) {
        let Self { reply, ticket, .. } = self;
        // Before the reply: its receiver may send more at once.
        drop(ticket);
        // Nobody may be waiting.
        let _ = reply.send(answer);
    }
}
