//! How an operation can fail.

use std::time::Duration;

use crate::{EndpointsError, Rejection};

/// How an operation can fail. Only [`Error::OutcomeUnknown`] leaves open whether it happened: with
/// every other error it has not happened, and never will.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The mutation may have been executed. It may even yet be, until this client's next mutation
    /// is executed or its session has ended.
    #[error(
        "outcome unknown: the {call} may have been executed, look before you repeat it ({detail})"
    )]
    OutcomeUnknown {
        /// Name of the call.
        call: &'static str,
        /// What was last known.
        detail: String,
    },
    /// No replica could do it before the deadline. Nothing was executed.
    #[error(
        "no replica could do the {call} within {waited:.1?}, nothing was changed: check the endpoints and `understudy status` ({detail})"
    )]
    Unavailable {
        /// Name of the call.
        call: &'static str,
        /// How long it was tried.
        waited: Duration,
        /// What was last known.
        detail: String,
    },
    /// The primary refused: nothing was executed, and a repetition would be refused again unless
    /// something is changed.
    #[error("{0}")]
    Rejected(Box<Rejection>),
    /// The lock was not free in time; the place in its queue is given up.
    #[error("lock {name:?} is held by another, waited {waited:.1?}")]
    NotAcquired {
        /// Name of the lock.
        name: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The lock was lost before it was released, or may have been: another may have held it since.
    #[error(
        "lock {name:?} was lost before it was released, another may hold it: it was not renewed in time, or its key was taken away"
    )]
    LockLost {
        /// Name of the lock.
        name: String,
    },
    /// The endpoints given are invalid.
    #[error(transparent)]
    Endpoints(#[from] EndpointsError),
}

impl Error {
    /// The primary's refusal, if it is one.
    pub fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            _ => None,
        }
    }
}
