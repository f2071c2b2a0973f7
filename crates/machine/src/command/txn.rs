//! Several operations as one.

use crate::{Compare, Delete, Get, Put};

/// When all comparisons hold, does the operations of `then`, otherwise those of `otherwise`:
/// atomically, in order, with one revision for all, and none when nothing changed.
///
/// Each of the three lists holds at most the quota's `max_txn_operations`; no list writes a key
/// twice, by whatever operations. Both lists are checked before either is executed.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct Txn {
    /// All must hold; none means that `then` is done.
    #[prost(message, repeated, tag = "1")]
    pub compares: Vec<Compare>,
    /// What is done when all comparisons hold.
    #[prost(message, repeated, tag = "2")]
    pub then: Vec<TxnOperation>,
    /// What is done when one does not.
    #[prost(message, repeated, tag = "3")]
    pub otherwise: Vec<TxnOperation>,
}

/// One operation of a transaction.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct TxnOperation {
    /// Which one. Missing means bad command.
    #[prost(oneof = "Step", tags = "1, 2, 3")]
    pub step: Option<Step>,
}

/// Which operation of a transaction.
#[derive(Clone, PartialEq, Eq, Hash, prost::Oneof)]
pub enum Step {
    /// Writes one key. When its condition fails, the whole transaction does nothing.
    #[prost(message, tag = "1")]
    Put(Put),
    /// Removes keys.
    #[prost(message, tag = "2")]
    Delete(Delete),
    /// Reads keys.
    #[prost(message, tag = "3")]
    Get(Get),
}

macro_rules! step {
    ($($name:ident),*) => {
        $(impl From<$name> for TxnOperation {
            fn from(operation: $name) -> Self {
                TxnOperation { step: Some(Step::$name(operation)) }
            }
        })*
    };
}
step!(Put, Delete, Get);
