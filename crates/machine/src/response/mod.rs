//! What operations answer.

mod failure;
mod failure_code;
mod key_value;
mod limit;
mod outcome;
mod results;
mod txn_result;

use bytes::Bytes;
use prost::Message;

pub use failure::Failure;
pub use failure_code::FailureCode;
pub use key_value::KeyValue;
pub use limit::Limit;
pub use outcome::Outcome;
pub use results::{
    Compacted, DeleteResult, Drawn, GeneratorSet, GetResult, LeaseGranted, LeaseKept, LeaseRevoked,
    PutResult, QuotaSet, SessionClosed, SessionKept, SessionOpened, Time,
};
pub use txn_result::{StepOutcome, TxnItem, TxnResult};

/// What one input answers. A retry answers the same, byte for byte.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Response {
    /// The store's revision after the operation. A retry carries that of the first execution.
    #[prost(int64, tag = "1")]
    pub revision: i64,
    /// The outcome; absent for inputs that are not commands.
    #[prost(oneof = "Outcome", tags = "2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16")]
    pub result: Option<Outcome>,
}

impl Response {
    /// Why nothing was executed; `None` when it was.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.result {
            Some(Outcome::Failure(failure)) => Some(failure),
            _ => None,
        }
    }

    /// The response as bytes: as it is kept for retries.
    pub fn to_bytes(&self) -> Bytes {
        self.encode_to_vec().into()
    }
}
