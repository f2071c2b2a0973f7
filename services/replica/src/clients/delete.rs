//! Delete: of a key or a range; with a condition it is a transaction, as a conditional Put is.

use bytes::Bytes;
use understudy_machine::{
    Command, Compare, Delete, DeleteResult, Get, KeyRange, Operation, Outcome, Relation,
    StepOutcome, Target, Txn,
};
use understudy_proto::kv::v1::{
    DeleteRequest, DeleteResponse, ErrorReason, ResponseHeader, delete_request,
};

use super::rpc::{Executed, LoggedRpc};
use super::{limits, stamp, txn};
use crate::refusal::Refusal;

impl LoggedRpc for DeleteRequest {
    type Response = DeleteResponse;
    /// Whether it wants the previous values.
    type Form = bool;

    fn command(self) -> Result<(Command, bool), Refusal> {
        let limit = limits::natural("limit", self.limit)?;
        let target = self.target.ok_or(limits::missing(ErrorReason::InvalidField, "target"))?;
        let want_previous = self.return_previous;
        let operation: Operation = match (target, self.if_revision) {
            (delete_request::Target::Key(key), None) => {
                limits::key(&key)?;
                Delete { range: Some(KeyRange::single(key)), want_previous, limit: 0 }.into()
            }
            (delete_request::Target::Key(key), Some(revision)) => {
                limits::key(&key)?;
                limits::at_least("if_revision", revision, 1)?;
                only_if(revision, key, want_previous).into()
            }
            (delete_request::Target::Range(range), None) => {
                let range = Some(txn::range(range)?);
                Delete { range, want_previous, limit }.into()
            }
            (delete_request::Target::Range(_), Some(_)) => {
                let message = "if_revision goes with a single key: leave it out for a range";
                let refusal = Refusal::new(ErrorReason::InvalidField, message);
                return Err(refusal.with("field", "if_revision"));
            }
        };
        Ok((stamp::command(self.stamp, operation)?, self.return_previous))
    }

    fn response(
        wants_previous: bool,
        (header, response): Executed,
    ) -> Result<DeleteResponse, Refusal> {
        match response.result {
            Some(Outcome::Delete(delete)) => Ok(deleted(header, delete)),
            Some(Outcome::Txn(txn)) => match txn.items.into_iter().next().and_then(|i| i.outcome) {
                Some(StepOutcome::Delete(delete)) => Ok(deleted(header, delete)),
                Some(StepOutcome::Get(get)) => {
                    let previous = if wants_previous { get.keys } else { Vec::new() };
                    Ok(DeleteResponse {
                        header: Some(header),
                        succeeded: false,
                        previous: previous.into_iter().map(txn::key_value).collect(),
                        ..DeleteResponse::default()
                    })
                }
                _ => Err(Refusal::mismatch()),
            },
            other => Err(Refusal::of_outcome(other)),
        }
    }
}

fn only_if(revision: i64, key: Bytes, want_previous: bool) -> Txn {
    let range = KeyRange::single(key.clone());
    let delete = Delete { range: Some(range.clone()), want_previous, limit: 0 };
    let get = Get { keys_only: !want_previous, ..Get::new(range) };
    Txn {
        compares: vec![Compare::new(key, Relation::Equal, Target::ModRevision(revision))],
        then: vec![delete.into()],
        otherwise: vec![get.into()],
    }
}

fn deleted(header: ResponseHeader, delete: DeleteResult) -> DeleteResponse {
    DeleteResponse {
        header: Some(header),
        succeeded: true,
        deleted: txn::count(delete.deleted),
        more: delete.more,
        previous: delete.previous.into_iter().map(txn::key_value).collect(),
    }
}
