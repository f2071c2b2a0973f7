//! Txn, and the pieces of the contract that it shares with other calls.

use std::collections::BTreeSet;

use bytes::Bytes;
use understudy_machine::{
    Command, Compare, Delete, Get, KeyRange, KeyValue, Lifetime, Outcome, Put, Relation,
    StepOutcome, Target, Txn, TxnItem, TxnOperation,
};
use understudy_proto::kv::v1::{
    self as proto, CompareOperator, ErrorReason, TxnRequest, TxnResponse, compare, txn_delete,
    txn_operation, txn_put, txn_result,
};

use super::limits::{self, MAX_TXN};
use super::rpc::{Executed, LoggedRpc};
use super::{lease, stamp};
use crate::refusal::Refusal;

/// Which operations of each branch read one key: to the machine a Get and a List look the same.
pub struct Gets {
    then: Vec<bool>,
    otherwise: Vec<bool>,
}

impl LoggedRpc for TxnRequest {
    type Response = TxnResponse;
    type Form = Gets;

    fn command(self) -> Result<(Command, Gets), Refusal> {
        let gets = |list: &[proto::TxnOperation]| {
            list.iter()
                .map(|o| matches!(o.operation, Some(txn_operation::Operation::Get(_))))
                .collect()
        };
        let gets =
            Gets { then: gets(&self.then_operations), otherwise: gets(&self.else_operations) };
        list("compares", &self.compares)?;
        list("then_operations", &self.then_operations)?;
        list("else_operations", &self.else_operations)?;
        let compares: Result<Vec<_>, Refusal> = self.compares.into_iter().map(compare).collect();
        let txn = Txn {
            compares: compares?,
            then: branch("then_operations", self.then_operations)?,
            otherwise: branch("else_operations", self.else_operations)?,
        };
        Ok((stamp::command(self.stamp, txn)?, gets))
    }

    fn response(gets: Gets, (header, response): Executed) -> Result<TxnResponse, Refusal> {
        match response.result {
            Some(Outcome::Txn(txn)) => {
                let gets = if txn.succeeded { &gets.then } else { &gets.otherwise };
                let items = txn.items.into_iter().zip(gets);
                Ok(TxnResponse {
                    header: Some(header),
                    succeeded: txn.succeeded,
                    results: items.map(|(item, get)| self::item(item, *get)).collect(),
                })
            }
            other => Err(Refusal::of_outcome(other)),
        }
    }
}

fn list<T>(field: &'static str, list: &[T]) -> Result<(), Refusal> {
    if list.len() > MAX_TXN {
        let message = format!("{field} has {} elements: at most {MAX_TXN} are allowed", list.len());
        let refusal = Refusal::new(ErrorReason::InvalidTxn, message);
        return Err(refusal.with("field", field).with("limit", MAX_TXN));
    }
    Ok(())
}

fn compare(compare: proto::Compare) -> Result<Compare, Refusal> {
    limits::key(&compare.key)?;
    let relation = match compare.operator() {
        _ if CompareOperator::try_from(compare.operator).is_err() => {
            return Err(limits::missing(ErrorReason::InvalidTxn, "operator"));
        }
        CompareOperator::Unspecified | CompareOperator::Equal => Relation::Equal,
        CompareOperator::NotEqual => Relation::NotEqual,
        CompareOperator::Greater => Relation::Greater,
        CompareOperator::Less => Relation::Less,
    };
    let target = match compare.operand {
        Some(compare::Operand::Value(value)) => Target::Value(value),
        Some(compare::Operand::CreateRevision(n)) => Target::CreateRevision(n),
        Some(compare::Operand::ModRevision(n)) => Target::ModRevision(n),
        Some(compare::Operand::Version(n)) => Target::Version(n),
        Some(compare::Operand::LeaseId(n)) => Target::Lease(n),
        None => return Err(limits::missing(ErrorReason::InvalidTxn, "operand")),
    };
    Ok(Compare::new(compare.key, relation, target))
}

/// One list of operations. That no key is written twice is checked here for single keys; ranges are
/// left to the machine, which knows how they overlap.
fn branch(
    field: &'static str,
    operations: Vec<proto::TxnOperation>,
) -> Result<Vec<TxnOperation>, Refusal> {
    let mut written = BTreeSet::new();
    let mut branch = Vec::with_capacity(operations.len());
    for operation in operations {
        let operation = operation.operation;
        let operation = operation.ok_or(limits::missing(ErrorReason::InvalidTxn, "operation"))?;
        if let Some(key) = writes(&operation)
            && !written.insert(key.clone())
        {
            let message = "the transaction writes a key twice: write each key once";
            let refusal = Refusal::new(ErrorReason::InvalidTxn, message);
            return Err(refusal.with("field", field).with("key", hex(&key)));
        }
        branch.push(self::operation(operation)?);
    }
    Ok(branch)
}

fn writes(operation: &txn_operation::Operation) -> Option<Bytes> {
    match operation {
        txn_operation::Operation::Put(put) => Some(put.key.clone()),
        txn_operation::Operation::Delete(delete) => match &delete.target {
            Some(txn_delete::Target::Key(key)) => Some(key.clone()),
            _ => None,
        },
        txn_operation::Operation::Get(_) | txn_operation::Operation::List(_) => None,
    }
}

fn operation(operation: txn_operation::Operation) -> Result<TxnOperation, Refusal> {
    Ok(match operation {
        txn_operation::Operation::Put(put) => self::put(put)?.into(),
        txn_operation::Operation::Get(get) => {
            limits::key(&get.key)?;
            Get::new(KeyRange::single(get.key)).into()
        }
        txn_operation::Operation::Delete(delete) => self::delete(delete)?.into(),
        txn_operation::Operation::List(list) => {
            let limit = limits::natural("limit", list.limit)?;
            Get { limit, ..Get::new(range(list.range.unwrap_or_default())?) }.into()
        }
    })
}

fn put(put: proto::TxnPut) -> Result<Put, Refusal> {
    limits::key(&put.key)?;
    let lifetime = match put.lifetime {
        None => None,
        Some(txn_put::Lifetime::LeaseId(id)) => Some(lease::hanging(id)?),
        Some(txn_put::Lifetime::TtlMs(ms)) => Some(lease::living(ms)?),
        Some(txn_put::Lifetime::KeepLease(keep)) => Some(Lifetime::Kept(keep)),
    };
    Ok(Put { lifetime, want_previous: put.return_previous, ..Put::new(put.key, put.value) })
}

fn delete(delete: proto::TxnDelete) -> Result<Delete, Refusal> {
    let limit = limits::natural("limit", delete.limit)?;
    let want_previous = delete.return_previous;
    match delete.target {
        Some(txn_delete::Target::Key(key)) => {
            limits::key(&key)?;
            Ok(Delete { range: Some(KeyRange::single(key)), want_previous, limit: 0 })
        }
        Some(txn_delete::Target::Range(range)) => {
            Ok(Delete { range: Some(self::range(range)?), want_previous, limit })
        }
        None => Err(limits::missing(ErrorReason::InvalidTxn, "target")),
    }
}

/// The keys that begin with a prefix.
pub(crate) fn prefix(prefix: Bytes) -> Result<KeyRange, Refusal> {
    limits::prefix(&prefix)?;
    Ok(KeyRange::prefix(prefix))
}

/// The keys of a range. That an empty end means the last key is the contract's alone.
pub(crate) fn range(range: proto::KeyRange) -> Result<KeyRange, Refusal> {
    limits::range(&range)?;
    let proto::KeyRange { start, end } = range;
    Ok(if end.is_empty() { KeyRange::from(start) } else { KeyRange::between(start, end) })
}

fn item(item: TxnItem, is_get: bool) -> proto::TxnResult {
    let result = item.outcome.map(|outcome| match outcome {
        StepOutcome::Put(put) => txn_result::Result::Put(proto::TxnPutResult {
            version: put.version,
            lease_id: put.lease,
            previous: put.previous.map(key_value),
        }),
        StepOutcome::Delete(delete) => txn_result::Result::Delete(proto::TxnDeleteResult {
            deleted: count(delete.deleted),
            previous: delete.previous.into_iter().map(key_value).collect(),
            more: delete.more,
        }),
        StepOutcome::Get(get) if is_get => txn_result::Result::Get(proto::TxnGetResult {
            kv: get.keys.into_iter().next().map(key_value),
        }),
        StepOutcome::Get(get) => txn_result::Result::List(proto::TxnListResult {
            kvs: get.keys.into_iter().map(key_value).collect(),
            more: get.more,
        }),
    });
    proto::TxnResult { result }
}

pub(crate) fn key_value(kv: KeyValue) -> proto::KeyValue {
    proto::KeyValue {
        key: kv.key,
        value: kv.value,
        create_revision: kv.create_revision,
        mod_revision: kv.mod_revision,
        version: kv.version,
        lease_id: kv.lease,
    }
}

/// Counts and times are int64 in the contract.
pub(crate) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
