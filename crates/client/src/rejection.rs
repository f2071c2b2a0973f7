//! What a replica says when it does not do what was asked.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use understudy_proto::kv::v1::{ErrorReason, ExecuteFailure};

/// The `domain` of our `google.rpc.ErrorInfo`.
const DOMAIN: &str = "understudy";

/// What a replica says when it does not do what was asked. The reasons and their metadata are
/// documented at `understudy.kv.v1.ErrorReason`.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// The gRPC status code.
    pub code: Code,
    /// Why; absent if the answer has no reason of ours, or one that this version does not know.
    pub reason: Option<ErrorReason>,
    /// For people.
    pub message: String,
    /// For programs, as listed at the reason.
    pub metadata: BTreeMap<String, String>,
    /// How long to wait before another try, if waiting helps.
    pub retry_after: Option<Duration>,
}

impl Rejection {
    /// What a replica's status says, however it was called.
    pub fn new(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info().filter(|info| info.domain == DOMAIN);
        Self {
            code: status.code(),
            reason: info.and_then(|info| {
                ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason))
            }),
            message: status.message().to_owned(),
            metadata: info.map(|i| i.metadata.clone().into_iter().collect()).unwrap_or_default(),
            retry_after: details.retry_info().and_then(|retry| retry.retry_delay),
        }
    }

    /// The same as the result of one operation of a stream.
    pub(crate) fn of_operation(failure: ExecuteFailure) -> Self {
        let reason = Some(failure.reason()).filter(|reason| *reason != ErrorReason::Unspecified);
        let wait = Duration::from_millis(failure.retry_after_ms.try_into().unwrap_or(0));
        Self {
            code: Code::from(failure.code),
            reason,
            message: failure.message,
            metadata: failure.metadata.into_iter().collect(),
            retry_after: (!wait.is_zero()).then_some(wait),
        }
    }

    /// The reason's name as it stands on the wire, such as `NOT_PRIMARY`; the code's if there is
    /// no reason.
    pub fn name(&self) -> String {
        match self.reason {
            Some(reason) => reason.as_str_name().trim_start_matches("ERROR_REASON_").to_owned(),
            None => format!("{:?}", self.code),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            return write!(formatter, "{}: {}", self.name(), self.code.description());
        }
        write!(formatter, "{}: {}", self.name(), self.message)
    }
}
