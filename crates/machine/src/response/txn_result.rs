//! The outcome of a transaction.

use crate::{DeleteResult, GetResult, PutResult};

/// Of a transaction.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct TxnResult {
    /// Whether all comparisons held, so that `then` was done.
    #[prost(bool, tag = "1")]
    pub succeeded: bool,
    /// One item for each operation that was done, in order.
    #[prost(message, repeated, tag = "2")]
    pub items: Vec<TxnItem>,
}

/// The outcome of one operation of a transaction.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct TxnItem {
    /// Which one; always there.
    #[prost(oneof = "StepOutcome", tags = "1, 2, 3")]
    pub outcome: Option<StepOutcome>,
}

/// The outcome of which operation of a transaction.
#[derive(Clone, PartialEq, Eq, Hash, prost::Oneof)]
pub enum StepOutcome {
    /// Of a put.
    #[prost(message, tag = "1")]
    Put(PutResult),
    /// Of a delete.
    #[prost(message, tag = "2")]
    Delete(DeleteResult),
    /// Of a get.
    #[prost(message, tag = "3")]
    Get(GetResult),
}
