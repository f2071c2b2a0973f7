//! What can be said of an operation without looking at the store.

use bytes::Bytes;

use super::quota::{LONGEST_KEY, Quota};
use crate::{
    Between, Compare, Delete, Failure, FailureCode, Get, KeyRange, Limit, Put, Relation, Step, Txn,
    TxnOperation,
};

type Checked = Result<(), Failure>;

impl Quota {
    pub(super) fn check_put(&self, put: &Put) -> Checked {
        check_key(&put.key, self.max_key_bytes)?;
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

    pub(super) fn check_txn(&self, txn: &Txn) -> Checked {
        self.check_list(&txn.compares, Self::check_compare)?;
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
            Some(Step::Delete(delete)) => check_delete(delete),
            Some(Step::Get(Get { range, .. })) => check_range(range.as_ref()),
            None => Err(Failure::new(FailureCode::BadCommand)),
        }
    }

    fn check_compare(compare: &Compare) -> Checked {
        check_key(&compare.key, LONGEST_KEY)?;
        let relation = Relation::try_from(compare.relation).unwrap_or(Relation::Unspecified);
        if relation == Relation::Unspecified || compare.target.is_none() {
            return Err(Failure::new(FailureCode::BadCommand));
        }
        Ok(())
    }
}

pub(super) fn check_delete(delete: &Delete) -> Checked {
    check_range(delete.range.as_ref())
}

/// A key that is there may be longer than a quota that was lowered: it can still be read and deleted.
fn check_range(range: Option<&KeyRange>) -> Checked {
    match range.ok_or(Failure::new(FailureCode::BadCommand))? {
        KeyRange::Key(key) => check_key(key, LONGEST_KEY),
        KeyRange::From(start) => check_length(start, LONGEST_KEY),
        KeyRange::Between(Between { start, end }) => {
            check_length(start, LONGEST_KEY)?;
            check_length(end, LONGEST_KEY)
        }
    }
}

fn check_key(key: &Bytes, limit: u64) -> Checked {
    if key.is_empty() {
        return Err(Failure::new(FailureCode::KeyEmpty));
    }
    check_length(key, limit)
}

fn check_length(key: &Bytes, limit: u64) -> Checked {
    let length = key.len() as u64;
    if length > limit {
        return Err(Failure::beyond(FailureCode::KeyTooLong, Limit::KeyBytes, limit, length));
    }
    Ok(())
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
