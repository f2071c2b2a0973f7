//! One operation of a stream: what it asks of the loop, and how the answer is put.

use tonic::Status;
use understudy_proto::kv::v1::execute_operation::Operation;
use understudy_proto::kv::v1::execute_result::Result as Outcome;
use understudy_proto::kv::v1::{
    ErrorReason, ExecuteOperation, ExecuteResult, GetResponse, ResponseHeader,
};

use super::gate::{self, Admitted};
use super::{Answer, Want, delete, in_session, key_value, limits, list, put, refusal, txn};

/// What the form of a result depends on.
pub(crate) enum Form {
    Put { wants_previous: bool },
    Get,
    Delete { wants_previous: bool },
    List(Box<list::Asked>),
    Txn(txn::Gets),
}

/// What an operation asks of the loop, and the form of its result; in a stream that names the cluster it means,
/// or does not.
pub(crate) fn asked(
    call: &Admitted,
    names_cluster: bool,
    operation: ExecuteOperation,
) -> Result<(Want, Form), Status> {
    let missing = || limits::missing(ErrorReason::InvalidField, "operation");
    let operation = operation.operation.ok_or_else(missing)?;
    in_session::check(&operation, names_cluster)?;
    Ok(match operation {
        Operation::Put(request) => {
            let form = Form::Put { wants_previous: request.return_previous };
            (call.executed(put::command(request)?), form)
        }
        Operation::Get(request) => {
            let (read, stale) = key_value::key_read(request)?;
            (if stale { Want::Stale(read) } else { Want::Read(read) }, Form::Get)
        }
        Operation::Delete(request) => {
            let form = Form::Delete { wants_previous: request.return_previous };
            (call.executed(delete::command(request)?), form)
        }
        Operation::List(request) => {
            let asked = list::Asked::new(request, &call.gate().cluster())?;
            (asked.want(), Form::List(Box::new(asked)))
        }
        Operation::Txn(request) => {
            let form = Form::Txn(txn::Gets::of(&request));
            (call.executed(txn::command(request)?), form)
        }
    })
}

impl Form {
    /// The result that an answer becomes, also one that tells of a failure.
    pub async fn result(
        self,
        call: &Admitted,
        header: ResponseHeader,
        answer: Answer,
    ) -> ExecuteResult {
        self.put(call, header, answer).await.unwrap_or_else(|status| failed(&status))
    }

    async fn put(
        self,
        call: &Admitted,
        header: ResponseHeader,
        answer: Answer,
    ) -> Result<ExecuteResult, Status> {
        let answer = match answer {
            Answer::Executed(response) => Answer::Executed(call.within_share(response)?),
            answer => answer,
        };
        let (header, outcome) = match (self, answer) {
            (Form::Put { wants_previous }, Answer::Executed(response)) => {
                let mut response = put::response(header, response, wants_previous)?;
                (response.header.take(), Outcome::Put(response))
            }
            (Form::Get, Answer::Key(kv)) => {
                let kv = kv.map(txn::key_value);
                (Some(header), Outcome::Get(GetResponse { header: None, kv }))
            }
            (Form::Delete { wants_previous }, Answer::Executed(response)) => {
                let mut response = delete::response(header, response, wants_previous)?;
                (response.header.take(), Outcome::Delete(response))
            }
            (Form::List(asked), Answer::Store(reader)) => {
                let mut response = asked.show(call, header, reader).await?;
                (response.header.take(), Outcome::List(response))
            }
            (Form::Txn(gets), Answer::Executed(response)) => {
                let mut response = txn::response(header, response, &gets)?;
                (response.header.take(), Outcome::Txn(response))
            }
            _ => return Err(gate::mismatch().into()),
        };
        let revision = header.map_or(0, |header| header.revision);
        Ok(ExecuteResult { revision, result: Some(outcome) })
    }
}

/// The result of an operation that failed.
pub(crate) fn failed(status: &Status) -> ExecuteResult {
    let failure = Outcome::Failure(refusal::failure(status));
    ExecuteResult { revision: 0, result: Some(failure) }
}
