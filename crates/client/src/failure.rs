//! How one try can fail, and what follows from it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use tonic::{Code, Status};
use understudy_proto::kv::v1::ErrorReason;

use crate::Rejection;

/// How one try can fail.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// There is no connection: definitely nothing was sent.
    NotConnected { detail: String, silent: bool },
    /// No answer came in time.
    TimedOut(Duration),
    /// The connection broke, or the answer makes no sense.
    Broken(String),
    /// Something answered that serves no clients: what it says of itself. Nothing was done.
    WrongPort(String),
    /// A replica answered.
    Answered(Rejection),
    /// An answer came from another cluster than the one that this client is bound to, which did nothing for it.
    Foreign { theirs: String, ours: String },
}

/// What a failed try means for the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// This try definitely did nothing; another replica, or the same one later, may do it.
    NotDone,
    /// This try may have done it, or may yet.
    InDoubt,
    /// The session of the stamp is gone: this try did nothing, of earlier ones nobody knows.
    SessionGone,
    /// Refused as the outcome of an execution, which all tries with this stamp share.
    RefusedForGood,
    /// Refused before an execution: this try did nothing and another would not either; an earlier
    /// one may have.
    Refused,
}

impl Failure {
    pub fn not_connected(detail: impl ToString, silent: bool) -> Self {
        Self::NotConnected { detail: detail.to_string(), silent }
    }

    /// What a failed call says. What the transport itself made up has a source, an answer has none.
    pub fn from_status(status: &Status) -> Self {
        if serves_no_clients(status) {
            return Self::WrongPort(status.message().to_owned());
        }
        let rejection = Rejection::new(status);
        let answered = rejection.reason.is_some()
            || (status.source().is_none() && is_an_answer(status.code()));
        if answered {
            return Self::Answered(rejection);
        }
        Self::Broken(status.source().map_or_else(|| rejection.to_string(), root_cause))
    }

    pub fn meaning(&self) -> Meaning {
        match self {
            Self::NotConnected { .. } | Self::Foreign { .. } | Self::WrongPort(_) => {
                Meaning::NotDone
            }
            Self::TimedOut(_) | Self::Broken(_) => Meaning::InDoubt,
            Self::Answered(rejection) => meaning_of(rejection.reason),
        }
    }

    /// Whether the replica kept silent, so that asking it again costs a time-out again.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::TimedOut(_) | Self::NotConnected { silent: true, .. })
    }

    /// Whether another cluster than ours was asked.
    pub fn is_of_another_cluster(&self) -> bool {
        matches!(self, Self::Foreign { .. }) || self.reason() == Some(ErrorReason::WrongCluster)
    }

    /// How long the replica asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answered(rejection) => rejection.retry_after,
            _ => None,
        }
    }

    pub fn reason(&self) -> Option<ErrorReason> {
        match self {
            Self::Answered(rejection) => rejection.reason,
            _ => None,
        }
    }
}

/// The innermost cause: what says most in one line.
pub(crate) fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// Metadata with which a replica says, at another of its ports, where clients are served.
const CLIENTS_AT: &str = "understudy-clients-at";

/// Whether the call is unknown there: another port of a replica, or a server that is not one of ours, which
/// says so in the words of its gRPC library or is not a gRPC server at all.
fn serves_no_clients(status: &Status) -> bool {
    let says = status.message().to_ascii_lowercase();
    status.code() == Code::Unimplemented
        && (status.metadata().contains_key(CLIENTS_AT)
            || says.is_empty()
            || ["unknown service", "method not found", "grpc-status header missing"]
                .iter()
                .any(|words| says.contains(words)))
}

/// Codes that a replica, or a server that is not one of ours, gives on purpose before it does
/// anything. The others may come from a proxy, or from a process that is going down.
fn is_an_answer(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Unauthenticated
    )
}

/// The column "executed" of the table in `errors.proto`.
fn meaning_of(reason: Option<ErrorReason>) -> Meaning {
    use ErrorReason as R;
    match reason {
        // An address can be given to a pod of another cluster: ours may be found elsewhere.
        Some(R::NotPrimary | R::TooFewCopies | R::Overloaded | R::WrongCluster) => Meaning::NotDone,
        Some(R::OutcomeUnknown) => Meaning::InDoubt,
        Some(R::SessionExpired | R::SessionUnknown) => Meaning::SessionGone,
        Some(
            R::QuotaExceeded
            | R::TooManyKeys
            | R::ResponseTooLarge
            | R::LeaseNotFound
            | R::LeaseExists
            | R::GeneratorNotFound,
        ) => Meaning::RefusedForGood,
        _ => Meaning::Refused,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected { detail, .. } => write!(formatter, "cannot connect: {detail}"),
            Self::TimedOut(after) => write!(formatter, "no answer within {after:.1?}"),
            Self::Broken(detail) => write!(formatter, "connection broken: {detail}"),
            Self::WrongPort(says) if says.is_empty() => {
                formatter.write_str("no replica serves clients at this port")
            }
            Self::WrongPort(says) => {
                write!(formatter, "no replica serves clients at this port: {says}")
            }
            Self::Answered(rejection) => rejection.fmt(formatter),
            Self::Foreign { theirs, ours } => {
                write!(formatter, "cluster {theirs} answers there, this client is bound to {ours}")
            }
        }
    }
}
