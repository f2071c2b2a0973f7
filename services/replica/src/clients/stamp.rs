//! The stamp that makes a mutation exactly-once.

use understudy_machine::{Command, Operation, Stamp};
use understudy_proto::kv::v1::{ErrorReason, RequestStamp};

use crate::refusal::Refusal;

/// The command of an operation, stamped if the client stamped it.
pub(crate) fn command(
    stamp: Option<RequestStamp>,
    operation: impl Into<Operation>,
) -> Result<Command, Refusal> {
    let Some(stamp) = stamp else { return Ok(Command::new(operation)) };
    let RequestStamp { session_id, sequence, received_below } = stamp;
    let wrong = |field: &'static str, message: &str| {
        Refusal::new(ErrorReason::InvalidStamp, message).with("field", field)
    };
    if session_id == 0 {
        return Err(wrong("session_id", "the stamp names no session: open one"));
    }
    if sequence == 0 {
        return Err(wrong("sequence", "the stamp's sequence is 0: sequences begin with 1"));
    }
    if received_below > sequence {
        return Err(wrong("received_below", "received_below is above the stamp's own sequence"));
    }
    Ok(Command::stamped(Stamp { session: session_id, sequence, received_below }, operation))
}
