//! What a scripted replica does with one request.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Notify;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// What a scripted replica does with one request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Does it and answers.
    Execute,
    /// Does it and answers, but only once told to.
    ExecuteWhen(Arc<Notify>),
    /// Does it, and answers with an error.
    ExecuteThen(Status),
    /// Does it, and keeps silent.
    ExecuteThenHang,
    /// Keeps silent.
    Hang,
    /// Answers with an error.
    Fail(Status),
}

/// An error of ours.
pub fn error(code: Code, reason: &str, metadata: &[(&str, &str)]) -> Status {
    let metadata: HashMap<String, String> =
        metadata.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let details = ErrorDetails::with_error_info(reason, "understudy", metadata);
    Status::with_error_details(code, format!("{reason} as scripted"), details)
}

/// NOT_PRIMARY, with a hint unless it is empty.
pub fn not_primary(primary: &str) -> Reply {
    let hint: &[(&str, &str)] =
        if primary.is_empty() { &[] } else { &[("primary", primary), ("epoch", "3")] };
    Reply::Fail(error(Code::Unavailable, "NOT_PRIMARY", hint))
}

/// OUTCOME_UNKNOWN.
pub fn outcome_unknown() -> Status {
    error(Code::Aborted, "OUTCOME_UNKNOWN", &[])
}

/// SESSION_EXPIRED.
pub fn session_expired() -> Status {
    error(Code::FailedPrecondition, "SESSION_EXPIRED", &[("session_id", "10")])
}
