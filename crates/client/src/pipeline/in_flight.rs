//! The operations of a pipeline that have no result.

use std::collections::VecDeque;

use prost::Message;
use understudy_proto::kv::v1::execute_result::Result as OperationResult;
use understudy_proto::kv::v1::{ExecuteRequest, ExecuteResult, ResponseHeader};

use super::pending_op::{Done, PendingOp};
use crate::Rejection;
use crate::failure::Failure;

/// Bytes at which a message is closed: even with a last operation of 1 MiB it is far from the limit.
const MESSAGE: usize = 1 << 20;

/// The operations of a pipeline that have no result, in order.
#[derive(Default)]
pub(crate) struct InFlight {
    /// The oldest first, which is the order of their effects. Those that are sent come before those that are not.
    waiting: VecDeque<PendingOp>,
    /// How many of them are sent on the stream that is open.
    sent: usize,
    /// The first is sent alone until it has its result: it was refused for now, though it may have been
    /// executed, and what comes after must not overtake it.
    alone: bool,
}

/// Why a stream is given up while operations are without a result.
pub(crate) enum Interrupted {
    By(Failure),
    /// The first result leaves open what became of its operation.
    Unsettled(Rejection),
}

impl Interrupted {
    pub fn broken(why: &str) -> Self {
        Self::By(Failure::Broken(why.to_owned()))
    }
}

impl InFlight {
    pub fn push(&mut self, op: PendingOp) {
        self.waiting.push_back(op);
    }

    pub fn first(&self) -> Option<&PendingOp> {
        self.waiting.front()
    }

    /// Whether nothing is sent that has no result.
    pub fn nothing_sent(&self) -> bool {
        self.sent == 0
    }

    /// Another stream is open: nothing is sent on it.
    pub fn begin_stream(&mut self) {
        self.sent = 0;
    }

    /// Takes the first out.
    pub fn pop(&mut self) -> Option<PendingOp> {
        self.sent = self.sent.saturating_sub(1);
        self.waiting.pop_front()
    }

    /// Whatever was sent may have been executed.
    pub fn mark_in_doubt(&mut self) {
        self.waiting.iter_mut().take(self.sent).for_each(|sent| sent.in_doubt = true);
    }

    /// The first is to be sent again, alone; those after it may have been executed.
    pub fn resend_first_alone(&mut self) {
        self.alone = true;
        self.mark_in_doubt();
    }

    /// How many operations the next message may have.
    ///
    /// A mutation waits for the results of the reads before it: should these have to be repeated, it
    /// must not have been executed.
    pub fn next(&self) -> usize {
        let end = if self.alone { 1.min(self.waiting.len()) } else { self.waiting.len() };
        let mut reads = self.waiting.iter().take(self.sent).any(PendingOp::is_read);
        let mut bytes = 0;
        let mut count = 0;
        for op in self.waiting.range(self.sent.min(end)..end) {
            let size = op.operation.encoded_len();
            // What is too large takes nothing else with it.
            if (reads && !op.is_read()) || (count > 0 && bytes + size > MESSAGE) {
                break;
            }
            reads |= op.is_read();
            bytes += size;
            count += 1;
        }
        count
    }

    /// The next message, of this many operations.
    pub fn message(&mut self, count: usize) -> ExecuteRequest {
        let next = self.waiting.range(self.sent..self.sent + count);
        let operations = next.map(|op| op.operation.clone()).collect();
        self.sent += count;
        ExecuteRequest { operations }
    }

    /// The first has its result.
    pub fn take_result(
        &mut self,
        header: &ResponseHeader,
        result: ExecuteResult,
    ) -> Result<(), Interrupted> {
        let ExecuteResult { revision, result } = result;
        if self.sent == 0 {
            return Err(Interrupted::broken("there are more results than operations"));
        }
        let Some(first) = self.waiting.front() else { return Ok(()) };
        let result = match result {
            None => return Err(Interrupted::broken("a result is of no known kind")),
            Some(OperationResult::Failure(failure)) => Err(Rejection::of_operation(failure)),
            Some(result) => Ok(result),
        };
        if let Err(rejection) = &result
            && first.is_unsettled_by(rejection)
        {
            return Err(Interrupted::Unsettled(rejection.clone()));
        }
        self.alone = false;
        if let Some(first) = self.pop() {
            match result {
                Ok(result) => {
                    let header = ResponseHeader { revision, ..header.clone() };
                    first.done(Done { header, result });
                }
                Err(rejection) => first.refused(rejection),
            }
        }
        Ok(())
    }
}
