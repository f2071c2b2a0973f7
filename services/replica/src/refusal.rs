//! Why a call failed: the one file of the service that knows gRPC status codes.
//!
//! The table at `ErrorReason` in `proto/understudy/kv/v1/errors.proto` documents it for clients.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use understudy_machine::{Failure, FailureCode, Limit, Outcome};
use understudy_proto::kv::v1::{ErrorReason, ExecuteFailure};
use understudy_protocol::{ClusterId, Epoch, Rejection};

use crate::clients::{CLUSTER_HEADER, MS};

/// The domain of every `google.rpc.ErrorInfo`.
pub(crate) const DOMAIN: &str = "understudy";
/// How long to wait where waiting for a new primary helps.
const RETRY_ELSEWHERE: Duration = Duration::from_millis(50);
/// How long to wait where something must be worked off or made room for.
const RETRY_LATER: Duration = Duration::from_millis(200);

/// Why a call failed.
#[derive(Clone, PartialEq, Debug)]
pub struct Refusal {
    pub reason: ErrorReason,
    pub message: String,
    pub metadata: Vec<(&'static str, String)>,
    pub retry_after: Option<Duration>,
    /// The code where there is no reason of the contract's: the status has no details then.
    bare: Option<Code>,
}

impl Refusal {
    pub fn new(reason: ErrorReason, message: impl Into<String>) -> Self {
        let (metadata, retry_after, bare) = (Vec::new(), None, None);
        Refusal { reason, message: message.into(), metadata, retry_after, bare }
    }

    fn bare(code: Code, message: impl Into<String>) -> Self {
        Refusal { bare: Some(code), ..Refusal::new(ErrorReason::Unspecified, message) }
    }

    /// What is not served here, or not in this version.
    pub fn unimplemented(message: impl Into<String>) -> Self {
        Refusal::bare(Code::Unimplemented, message)
    }

    /// A life or a connection that is over.
    pub fn over(message: &str) -> Self {
        Refusal::bare(Code::Unavailable, message)
    }

    /// An answer of more bytes than a message can have.
    pub fn too_long(bytes: usize) -> Self {
        Refusal::bare(Code::ResourceExhausted, format!("an answer of {bytes} bytes"))
    }

    /// Something here that no client can help.
    pub fn internal(message: String) -> Self {
        Refusal::bare(Code::Internal, message)
    }

    /// Bytes that are no message of the contract.
    pub fn undecodable(error: impl ToString) -> Self {
        Refusal::bare(Code::InvalidArgument, error.to_string())
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.metadata.push((name, value.to_string()));
        self
    }

    fn retry(self, after: Duration) -> Self {
        Refusal { retry_after: Some(after), ..self }
    }

    /// This replica does not act; `why` is for people.
    pub fn not_primary(primary: Option<String>, epoch: Epoch, why: &str) -> Self {
        let message = match &primary {
            Some(address) => format!("{why}: ask {address}"),
            None => format!("{why}: ask another endpoint"),
        };
        let mut refusal = Refusal::new(ErrorReason::NotPrimary, message).retry(RETRY_ELSEWHERE);
        refusal.metadata.extend(primary.map(|address| ("primary", address)));
        refusal.with("epoch", epoch)
    }

    /// Whether it tells that there is no primary here to ask for more.
    pub fn ends_primary(&self) -> bool {
        matches!(self.reason, ErrorReason::NotPrimary | ErrorReason::OutcomeUnknown)
    }

    /// The answer cannot be known.
    pub fn outcome_unknown(why: &str) -> Self {
        let message = format!("the outcome is unknown, {why}: look, or retry if it was stamped");
        Refusal::new(ErrorReason::OutcomeUnknown, message)
    }

    /// Too much waits here already.
    pub fn overloaded() -> Self {
        let message = "too many requests are waiting: retry later, with back-off";
        Refusal::new(ErrorReason::Overloaded, message).retry(RETRY_LATER)
    }

    /// The client wants another cluster.
    pub fn wrong_cluster(cluster: ClusterId) -> Self {
        let message = format!("this is cluster {cluster}: correct the endpoints");
        Refusal::new(ErrorReason::WrongCluster, message).with("cluster_id", cluster)
    }

    /// The client speaks of a session and does not say of which cluster.
    pub fn names_no_cluster() -> Self {
        let message = format!(
            "a request with a stamp or a session must name its cluster: send {CLUSTER_HEADER}, the \
             cluster_id that came with the session, as 32 hex digits"
        );
        Refusal::new(ErrorReason::InvalidMetadata, message).with("field", CLUSTER_HEADER)
    }

    /// What is asked for is not kept any more.
    pub fn compacted(oldest: i64) -> Self {
        let message =
            format!("the changes asked for are not kept any more: begin at {oldest}, or list");
        Refusal::new(ErrorReason::Compacted, message).with("oldest_revision", oldest)
    }

    /// What a client saw is not what has its number now.
    pub fn lineage_lost(newest: i64) -> Self {
        let message = "the revision was cut off by a failover: list again";
        Refusal::new(ErrorReason::LineageLost, message).with("newest_revision", newest)
    }

    /// The loop answers what it was asked; anything else is a bug that must not crash a handler.
    pub fn mismatch() -> Self {
        let why = "the answer was not of the request's kind, please report this";
        Refusal::outcome_unknown(why)
    }

    /// Why an outcome is not the one that its request asked for.
    pub fn of_outcome(outcome: Option<Outcome>) -> Self {
        match outcome {
            Some(Outcome::Failure(failure)) => Refusal::failed(&failure),
            _ => Refusal::mismatch(),
        }
    }

    /// What the protocol turned away.
    pub fn rejected(rejection: &Rejection) -> Self {
        match rejection {
            Rejection::NotPrimary { primary, epoch } => {
                Refusal::not_primary(primary.clone(), *epoch, "this replica is not the primary")
            }
            Rejection::DiskFull => Refusal::new(
                ErrorReason::DiskFull,
                "the primary's disk is full: delete keys or make room; reads go on",
            )
            .retry(RETRY_LATER),
            Rejection::Overloaded => Refusal::overloaded(),
            Rejection::TooFewCopies => Refusal::new(
                ErrorReason::TooFewCopies,
                "there are fewer copies than min_copies asks for: start the missing replica",
            )
            .retry(RETRY_LATER),
            Rejection::NoHandOver(why) => {
                Refusal::new(ErrorReason::HandOverRefused, format!("no handover: {why}"))
            }
        }
    }

    /// A session's time to live is not what the quota allows.
    pub fn ttl(failure: &Failure) -> Self {
        let Failure { limit, actual, .. } = failure;
        let (limit, actual) = (limit / MS, actual / MS);
        let bound = if actual < limit { "at least" } else { "at most" };
        let message = format!("ttl_ms is {actual}: it must be {bound} {limit}");
        let refusal = Refusal::new(ErrorReason::InvalidTtl, message);
        refusal.with("field", "ttl_ms").with("limit", limit)
    }

    /// An owner has as much as it may have.
    pub fn share(failure: &Failure, owner: &str) -> Self {
        let refusal = Refusal::failed(failure);
        let message = format!("the share of {owner} is used up: {failure}");
        Refusal { message, ..refusal }.with("owner", owner)
    }

    /// What the machine did not execute.
    pub fn failed(failure: &Failure) -> Self {
        let Failure { limit, actual, .. } = failure;
        let refusal = Refusal::new(reason(failure), failure.to_string());
        match failure.code() {
            FailureCode::SessionUnknown | FailureCode::SessionExpired => {
                refusal.with("session_id", actual)
            }
            FailureCode::SequenceTrimmed | FailureCode::SequenceOutsideWindow => {
                refusal.with("sequence", actual).with("limit", limit)
            }
            FailureCode::SequenceReused => refusal.with("sequence", actual),
            FailureCode::QuotaExceeded => refusal
                .with("quota", field(failure.what()))
                .with("limit", limit)
                .with("used", actual),
            FailureCode::ShareExceeded => refusal
                .with("quota", field(Limit::OwnerPercent))
                .with("limit", limit)
                .with("used", actual),
            FailureCode::LeaseUnknown | FailureCode::LeaseExists => {
                refusal.with("lease_id", actual)
            }
            FailureCode::TooManyKeys | FailureCode::ResponseTooLarge => {
                refusal.with("limit", limit)
            }
            FailureCode::OutOfBounds => {
                let (name, what) = (field(failure.what()), failure.what());
                let (limit, actual) = (in_words(what, *limit), in_words(what, *actual));
                let bound = if failure.actual < failure.limit { "at least" } else { "at most" };
                let message = format!("{name} is {actual}: it must be {bound} {limit}");
                Refusal { message, ..refusal }.with("field", name).with("limit", limit)
            }
            FailureCode::KeyEmpty | FailureCode::KeyTooLong => {
                refusal.with("field", "key").with("limit", limit)
            }
            FailureCode::ValueTooLong => refusal.with("field", "value").with("limit", limit),
            FailureCode::TooManyOperations => {
                refusal.with("field", "operations").with("limit", limit)
            }
            FailureCode::DuplicateKeyInTxn => refusal.with("field", "operations"),
            FailureCode::BadCommand => refusal.with("field", "command"),
            FailureCode::GeneratorUnknown => refusal,
            FailureCode::Compacted => refusal.with("oldest_revision", limit),
            FailureCode::FutureRevision => refusal.with("newest_revision", limit),
            FailureCode::Unspecified | FailureCode::ConditionFailed => refusal,
        }
    }
}

fn reason(failure: &Failure) -> ErrorReason {
    match failure.code() {
        FailureCode::KeyEmpty | FailureCode::KeyTooLong => ErrorReason::InvalidKey,
        FailureCode::ValueTooLong => ErrorReason::InvalidValue,
        FailureCode::TooManyOperations | FailureCode::DuplicateKeyInTxn => ErrorReason::InvalidTxn,
        FailureCode::TooManyKeys => ErrorReason::TooManyKeys,
        FailureCode::ResponseTooLarge => ErrorReason::ResponseTooLarge,
        FailureCode::QuotaExceeded | FailureCode::ShareExceeded => ErrorReason::QuotaExceeded,
        FailureCode::LeaseUnknown => ErrorReason::LeaseNotFound,
        FailureCode::LeaseExists => ErrorReason::LeaseExists,
        FailureCode::SessionUnknown => ErrorReason::SessionUnknown,
        FailureCode::SessionExpired => ErrorReason::SessionExpired,
        FailureCode::SequenceTrimmed => ErrorReason::SequenceTrimmed,
        FailureCode::SequenceOutsideWindow => ErrorReason::SequenceOutsideWindow,
        FailureCode::SequenceReused => ErrorReason::SequenceReused,
        FailureCode::Compacted => ErrorReason::Compacted,
        FailureCode::FutureRevision => ErrorReason::FutureRevision,
        FailureCode::GeneratorUnknown => ErrorReason::GeneratorNotFound,
        FailureCode::OutOfBounds => ErrorReason::InvalidSettings,
        FailureCode::BadCommand | FailureCode::ConditionFailed | FailureCode::Unspecified => {
            ErrorReason::InvalidField
        }
    }
}

/// A bound as the contract counts it: times in milliseconds.
fn in_words(what: Limit, limit: u64) -> u64 {
    match what {
        Limit::MinSessionTtl | Limit::MaxSessionTtl => limit / MS,
        _ => limit,
    }
}

/// The quota's name in understudy.admin.v1.Quota.
fn field(what: Limit) -> &'static str {
    match what {
        Limit::Unspecified => "",
        Limit::Keys => "max_keys",
        Limit::Bytes => "max_bytes",
        Limit::KeyBytes => "max_key_bytes",
        Limit::ValueBytes => "max_value_bytes",
        Limit::TxnOperations => "max_txn_operations",
        Limit::RangeKeys => "max_range_keys",
        Limit::ResponseBytes => "max_response_bytes",
        Limit::Sessions => "max_sessions",
        Limit::MinSessionTtl => "min_session_ttl_ms",
        Limit::MaxSessionTtl => "max_session_ttl_ms",
        Limit::SessionHeldBytes => "max_session_held_bytes",
        Limit::HeldBytes => "max_held_bytes",
        Limit::HistoryRevisions => "max_history_revisions",
        Limit::HistoryBytes => "max_history_bytes",
        Limit::Generators => "max_generators",
        Limit::Leases => "max_leases",
        Limit::HistoryAge => "min_history_ms",
        Limit::OwnerPercent => "max_owner_percent",
        Limit::Memory => "memory",
    }
}

/// Whether an answer tells its client to ask another replica: of what a replica that is not primary may answer, only
/// that is `UNAVAILABLE`.
pub(crate) fn sends_away(answer: &Status) -> bool {
    answer.code() == Code::Unavailable
}

/// One reason always comes with the same code.
fn code(reason: ErrorReason) -> Code {
    use ErrorReason as R;
    match reason {
        R::NotPrimary | R::TooFewCopies => Code::Unavailable,
        R::OutcomeUnknown => Code::Aborted,
        R::SessionExpired
        | R::SequenceTrimmed
        | R::WrongCluster
        | R::HandOverRefused
        | R::SettingsRefused
        | R::TooManyKeys
        | R::ResponseTooLarge => Code::FailedPrecondition,
        R::SessionUnknown | R::LeaseNotFound | R::GeneratorNotFound => Code::NotFound,
        R::LeaseExists => Code::AlreadyExists,
        R::SequenceOutsideWindow | R::Compacted | R::FutureRevision => Code::OutOfRange,
        R::LineageLost => Code::DataLoss,
        R::QuotaExceeded | R::DiskFull | R::Overloaded => Code::ResourceExhausted,
        R::Unspecified
        | R::SequenceReused
        | R::RequestTooLarge
        | R::InvalidKey
        | R::InvalidValue
        | R::InvalidRange
        | R::InvalidTxn
        | R::InvalidStamp
        | R::InvalidTtl
        | R::InvalidNumber
        | R::InvalidPageToken
        | R::InvalidCursor
        | R::InvalidName
        | R::InvalidGeneratorState
        | R::InvalidSettings
        | R::InvalidField
        | R::InvalidMetadata => Code::InvalidArgument,
    }
}

impl Refusal {
    fn code(&self) -> Code {
        self.bare.unwrap_or_else(|| code(self.reason))
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let code = refusal.code();
        if refusal.bare.is_some() {
            return Status::new(code, refusal.message);
        }
        let reason = refusal.reason.as_str_name().trim_start_matches("ERROR_REASON_");
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, named(refusal.metadata));
        if refusal.retry_after.is_some() {
            details.set_retry_info(refusal.retry_after);
        }
        Status::with_error_details(code, refusal.message, details)
    }
}

/// What a single call says as its status, as the result of one operation of a stream.
impl From<Refusal> for ExecuteFailure {
    fn from(refusal: Refusal) -> Self {
        let wait = refusal.retry_after.unwrap_or_default();
        ExecuteFailure {
            code: refusal.code().into(),
            message: refusal.message,
            reason: refusal.reason.into(),
            metadata: named(refusal.metadata),
            retry_after_ms: i64::try_from(wait.as_millis()).unwrap_or(i64::MAX),
        }
    }
}

fn named(metadata: Vec<(&'static str, String)>) -> HashMap<String, String> {
    metadata.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

#[cfg(test)]
mod tests;
