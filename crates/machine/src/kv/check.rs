//! What can be said of an operation without looking at the store.

use bytes::Bytes;

use super::quota::Quota;
use crate::{
    Between, Compare, Delete, Failure, FailureCode, Get, KeyRange, Limit, Put, Relation, Step, Txn,
    TxnOperation,
};

type Checked = Result<(), Failure>;

impl Quota {
    pub(super) fn check_put(&self, put: &Put) -> Checked {
        self.check_key(&put.key)?;
        let (length, limit) = (put.value.len() as u64, self.max_value_bytes);
        if length > limit {
            return Err(Failure::beyond(
                FailureCode::ValueTooLong,
                Limit::ValueBytes,
                limit,
                length,
            ));
        }
        Ok(())
    }

    pub(super) fn check_delete(&self, delete: &Delete) -> Checked {
        self.check_range(delete.range.as_ref())
    }

    pub(super) fn check_txn(&self, txn: &Txn) -> Checked {
        self.check_list(&txn.compares, |compare| self.check_compare(compare))?;
        for list in [&txn.then, &txn.otherwise] {
            self.check_list(list, |operation| self.check_operation(operation))?;
            check_written_once(list)?;
        }
        Ok(())
    }

    /// The length of a list, and each of its elements.
    fn check_list<T>(&self, list: &[T], check: impl Fn(&T) -> Checked) -> Checked {
        let (length, limit) = (list.len() as u64, self.max_txn_operations);
        if length > limit {
            let code = FailureCode::TooManyOperations;
            return Err(Failure::beyond(code, Limit::TxnOperations, limit, length));
        }
        for (operation, element) in (0..).zip(list) {
            check(element).map_err(|failure| Failure { operation: Some(operation), ..failure })?;
        }
        Ok(())
    }

    fn check_operation(&self, operation: &TxnOperation) -> Checked {
        match &operation.step {
            Some(Step::Put(put)) => self.check_put(put),
            Some(Step::Delete(delete)) => self.check_delete(delete),
            Some(Step::Get(Get { range, .. })) => self.check_range(range.as_ref()),
            None => Err(Failure::new(FailureCode::BadCommand)),
        }
    }

    fn check_compare(&self, compare: &Compare) -> Checked {
        self.check_key(&compare.key)?;
        let relation = Relation::try_from(compare.relation).unwrap_or(Relation::Unspecified);
        if relation == Relation::Unspecified || compare.target.is_none() {
            return Err(Failure::new(FailureCode::BadCommand));
        }
        Ok(())
    }

    fn check_range(&self, range: Option<&KeyRange>) -> Checked {
        match range.ok_or(Failure::new(FailureCode::BadCommand))? {
            KeyRange::Key(key) => self.check_key(key),
            KeyRange::From(start) => self.check_length(start),
            KeyRange::Between(Between { start, end }) => {
                self.check_length(start)?;
                self.check_length(end)
            }
        }
    }

    fn check_key(&self, key: &Bytes) -> Checked {
        if key.is_empty() {
            return Err(Failure::new(FailureCode::KeyEmpty));
        }
        self.check_length(key)
    }

    fn check_length(&self, key: &Bytes) -> Checked {
        let (length, limit) = (key.len() as u64, self.max_key_bytes);
        if length > limit {
            return Err(Failure::beyond(FailureCode::KeyTooLong, Limit::KeyBytes, limit, length));
        }
        Ok(())
    }
}

/// No key is written by two operations of a list; the failure names the first that writes what
/// one before it does.
fn check_written_once(list: &[TxnOperation]) -> Checked {
    let written = (0u32..).zip(list).filter_map(|(at, operation)| match &operation.step {
        Some(Step::Put(put)) => Some((KeyRange::single(put.key.clone()), at)),
        Some(Step::Delete(delete)) => Some((delete.range.clone()?, at)),
        _ => None,
    });
    let written: Vec<_> = written.filter(|(range, _)| !range.is_empty()).collect();
    if are_apart(&written) {
        return Ok(());
    }
    let second = written.iter().enumerate().find(|(count, (range, _))| {
        written[..*count].iter().any(|(before, _)| before.overlaps(range))
    });
    let operation = second.map(|(_, (_, at))| *at);
    Err(Failure { operation, ..Failure::new(FailureCode::DuplicateKeyInTxn) })
}

/// Whether no two ranges overlap: ordered by their start, only neighbours can be the first to.
fn are_apart(ranges: &[(KeyRange, u32)]) -> bool {
    let mut ordered: Vec<_> = ranges.iter().map(|(range, _)| range).collect();
    ordered.sort_by(|a, b| a.first().cmp(b.first()));
    ordered.windows(2).all(|pair| !pair[0].overlaps(pair[1]))
}
