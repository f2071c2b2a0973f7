//! Atomic conditional changes of several keys.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use bytes::Bytes;
use understudy_proto::kv::v1::compare::Operand;
use understudy_proto::kv::v1::txn_operation::Operation;
use understudy_proto::kv::v1::{
    Compare, CompareOperator, TxnDelete, TxnGet, TxnOperation, TxnPut, TxnRequest, TxnResponse,
    txn_delete,
};

use crate::{Client, Error};

/// A Txn about to be sent: await it. If all compares hold, the operations added by `then` are
/// executed, if not those added by `otherwise`; `succeeded` tells which.
#[derive(Clone, Debug)]
#[must_use = "a Txn does nothing until it is awaited"]
pub struct Txn {
    client: Client,
    request: TxnRequest,
}

impl Client {
    /// Changes several keys atomically, under conditions.
    pub fn txn(&self) -> Txn {
        Txn { client: self.clone(), request: TxnRequest::default() }
    }
}

impl Txn {
    /// Adds any compare.
    pub fn compare(mut self, compare: Compare) -> Self {
        self.request.compares.push(compare);
        self
    }

    /// Adds the compare that the key's value is `value`.
    pub fn if_value(self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.compare(equal(key.into(), Operand::Value(value.into())))
    }

    /// Adds the compare that the key's `mod_revision` is `revision`.
    pub fn if_revision(self, key: impl Into<Bytes>, revision: i64) -> Self {
        self.compare(equal(key.into(), Operand::ModRevision(revision)))
    }

    /// Adds the compare that there is no such key.
    pub fn if_absent(self, key: impl Into<Bytes>) -> Self {
        self.compare(equal(key.into(), Operand::Version(0)))
    }

    /// Adds any operation for the case that all compares hold.
    pub fn then(mut self, operation: Operation) -> Self {
        self.request.then_operations.push(TxnOperation { operation: Some(operation) });
        self
    }

    /// Adds a Put for the case that all compares hold.
    pub fn then_put(self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.then(put(key.into(), value.into()))
    }

    /// Adds a Get for the case that all compares hold.
    pub fn then_get(self, key: impl Into<Bytes>) -> Self {
        self.then(Operation::Get(TxnGet { key: key.into() }))
    }

    /// Adds a Delete of one key for the case that all compares hold.
    pub fn then_delete(self, key: impl Into<Bytes>) -> Self {
        self.then(delete(key.into()))
    }

    /// Adds any operation for the case that a compare does not hold.
    pub fn otherwise(mut self, operation: Operation) -> Self {
        self.request.else_operations.push(TxnOperation { operation: Some(operation) });
        self
    }

    /// Adds a Get for the case that a compare does not hold.
    pub fn otherwise_get(self, key: impl Into<Bytes>) -> Self {
        self.otherwise(Operation::Get(TxnGet { key: key.into() }))
    }
}

fn equal(key: Bytes, operand: Operand) -> Compare {
    Compare { key, operator: CompareOperator::Equal.into(), operand: Some(operand) }
}

fn put(key: Bytes, value: Bytes) -> Operation {
    Operation::Put(TxnPut { key, value, ..TxnPut::default() })
}

fn delete(key: Bytes) -> Operation {
    let target = Some(txn_delete::Target::Key(key));
    Operation::Delete(TxnDelete { target, ..TxnDelete::default() })
}

impl IntoFuture for Txn {
    type Output = Result<TxnResponse, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.client.mutate(self.request).await })
    }
}
