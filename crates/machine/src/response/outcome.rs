//! The outcomes of operations.

use crate::{
    Compacted, DeleteResult, Drawn, Failure, GeneratorSet, LeaseGranted, LeaseKept, LeaseRevoked,
    PutResult, QuotaSet, SessionClosed, SessionKept, SessionOpened, Time, TxnResult,
};

/// The outcome of an operation.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Outcome {
    /// Nothing was executed, and why.
    #[prost(message, tag = "2")]
    Failure(Failure),
    /// Of a put.
    #[prost(message, tag = "3")]
    Put(PutResult),
    /// Of a delete.
    #[prost(message, tag = "4")]
    Delete(DeleteResult),
    /// Of a transaction.
    #[prost(message, tag = "5")]
    Txn(TxnResult),
    /// Of opening a session.
    #[prost(message, tag = "6")]
    SessionOpened(SessionOpened),
    /// Of keeping a session.
    #[prost(message, tag = "7")]
    SessionKept(SessionKept),
    /// Of closing a session.
    #[prost(message, tag = "8")]
    SessionClosed(SessionClosed),
    /// Of changing quotas.
    #[prost(message, tag = "9")]
    QuotaSet(QuotaSet),
    /// Of forgetting history.
    #[prost(message, tag = "10")]
    Compacted(Compacted),
    /// Of seeding a generator, or setting its state.
    #[prost(message, tag = "11")]
    GeneratorSet(GeneratorSet),
    /// Of a draw.
    #[prost(message, tag = "12")]
    Drawn(Drawn),
    /// Of reading the clock.
    #[prost(message, tag = "13")]
    Time(Time),
    /// Of granting a lease.
    #[prost(message, tag = "14")]
    LeaseGranted(LeaseGranted),
    /// Of keeping a lease.
    #[prost(message, tag = "15")]
    LeaseKept(LeaseKept),
    /// Of revoking a lease.
    #[prost(message, tag = "16")]
    LeaseRevoked(LeaseRevoked),
}
