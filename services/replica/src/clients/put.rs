//! Put: a plain write, or where it has a condition, a transaction that also tells what stood in its
//! way.

use understudy_machine::{
    Command, Compare, Get, KeyRange, Lifetime, Operation, Outcome, Put, PutResult, Relation,
    StepOutcome, Target, Txn,
};
use understudy_proto::kv::v1::{PutRequest, PutResponse, ResponseHeader, put_request};

use super::rpc::{Executed, LoggedRpc};
use super::{lease, limits, stamp, txn};
use crate::refusal::Refusal;

impl LoggedRpc for PutRequest {
    type Response = PutResponse;
    /// Whether it wants the previous value.
    type Form = bool;

    fn command(self) -> Result<(Command, bool), Refusal> {
        limits::key(&self.key)?;
        let lifetime = match self.lifetime {
            None => None,
            Some(put_request::Lifetime::LeaseId(id)) => Some(lease::hanging(id)?),
            Some(put_request::Lifetime::TtlMs(ms)) => Some(lease::living(ms)?),
            Some(put_request::Lifetime::KeepLease(keep)) => Some(Lifetime::Kept(keep)),
        };
        let condition = match self.condition {
            Some(put_request::Condition::IfAbsent(true)) => Some(0),
            Some(put_request::Condition::IfRevision(revision)) => {
                limits::at_least("if_revision", revision, 0)?;
                Some(revision)
            }
            Some(put_request::Condition::IfAbsent(false)) | None => None,
        };
        let put =
            Put { lifetime, want_previous: self.return_previous, ..Put::new(self.key, self.value) };
        let operation: Operation = match condition {
            None => put.into(),
            Some(revision) => only_if(revision, put).into(),
        };
        Ok((stamp::command(self.stamp, operation)?, self.return_previous))
    }

    fn response(
        wants_previous: bool,
        (header, response): Executed,
    ) -> Result<PutResponse, Refusal> {
        let revision = response.revision;
        match response.result {
            Some(Outcome::Put(put)) => Ok(written(header, put, revision)),
            Some(Outcome::Txn(txn)) => match txn.items.into_iter().next().and_then(|i| i.outcome) {
                Some(StepOutcome::Put(put)) => Ok(written(header, put, revision)),
                Some(StepOutcome::Get(get)) => {
                    let there = get.keys.into_iter().next();
                    let number = |field: fn(&understudy_machine::KeyValue) -> i64| {
                        there.as_ref().map_or(0, field)
                    };
                    Ok(PutResponse {
                        header: Some(header),
                        succeeded: false,
                        mod_revision: number(|kv| kv.mod_revision),
                        version: number(|kv| kv.version),
                        lease_id: number(|kv| kv.lease),
                        previous: there.filter(|_| wants_previous).map(txn::key_value),
                    })
                }
                _ => Err(Refusal::mismatch()),
            },
            other => Err(Refusal::of_outcome(other)),
        }
    }
}

fn only_if(revision: i64, put: Put) -> Txn {
    let key = put.key.clone();
    // A value that nobody asked for must not make the answer too long.
    let get = Get { keys_only: !put.want_previous, ..Get::new(KeyRange::single(key.clone())) };
    Txn {
        compares: vec![Compare::new(key.clone(), Relation::Equal, Target::ModRevision(revision))],
        then: vec![put.into()],
        otherwise: vec![get.into()],
    }
}

fn written(header: ResponseHeader, put: PutResult, revision: i64) -> PutResponse {
    PutResponse {
        header: Some(header),
        succeeded: true,
        mod_revision: revision,
        version: put.version,
        lease_id: put.lease,
        previous: put.previous.map(txn::key_value),
    }
}
