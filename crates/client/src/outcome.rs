//! How an operation ends when it does not succeed.

use std::time::Duration;

use crate::failure::Failure;
use crate::{Error, Rejection};

/// How an operation ends when it does not succeed, with what the caller needs to tell the truth.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub end: End,
    /// Whether some try may have been executed, or may yet be.
    pub in_doubt: bool,
    /// How long it was tried.
    pub waited: Duration,
}

#[derive(Clone, Debug)]
pub(crate) enum End {
    /// The deadline came; the last failure, if there was one.
    TimeUp(Option<String>),
    /// It may not be tried again.
    GivenUp(Failure),
    /// The session is gone.
    SessionGone(Rejection),
    /// Refused; `for_good`: as the outcome of an execution that all tries share.
    Refused { rejection: Rejection, for_good: bool },
}

impl Outcome {
    /// What it means for a mutation called `call`.
    pub fn of_mutation(self, call: &'static str) -> Error {
        let settled = matches!(self.end, End::Refused { for_good: true, .. });
        if self.in_doubt && !settled {
            return Error::OutcomeUnknown { call, detail: self.end.detail() };
        }
        self.of_read(call)
    }

    /// What it means for an operation that changes nothing, or nothing that matters.
    pub fn of_read(self, call: &'static str) -> Error {
        let waited = self.waited;
        match self.end {
            End::Refused { rejection, .. } | End::SessionGone(rejection) => {
                Error::Rejected(Box::new(rejection))
            }
            end => Error::Unavailable { call, waited, detail: end.detail() },
        }
    }
}

impl End {
    fn detail(&self) -> String {
        match self {
            Self::TimeUp(None) => "the deadline came first".to_owned(),
            Self::TimeUp(Some(detail)) => format!("last: {detail}"),
            Self::GivenUp(failure) => failure.to_string(),
            Self::SessionGone(rejection) | Self::Refused { rejection, .. } => rejection.to_string(),
        }
    }
}
