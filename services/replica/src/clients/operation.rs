//! One operation of a stream: what it asks of the loop, and how the answer is put.

use understudy_proto::kv::v1::execute_operation::Operation;
use understudy_proto::kv::v1::execute_result::Result as Outcome;
use understudy_proto::kv::v1::{
    DeleteRequest, ErrorReason, ExecuteOperation, ExecuteResult, GetRequest, ListRequest,
    PutRequest, ResponseHeader, TxnRequest,
};

use super::admission::Admitted;
use super::rpc::Rpc;
use super::{Answer, RequestKind, in_session, limits};
use crate::refusal::Refusal;

macro_rules! operations {
    ($($name:ident: $request:ty),*) => {
        /// What the form of a result depends on.
        pub(crate) enum Form {
            $($name(<$request as Rpc>::Form)),*
        }

        fn request(call: &Admitted, operation: Operation) -> Result<(RequestKind, Form), Refusal> {
            Ok(match operation {
                $(Operation::$name(request) => {
                    let (kind, form) = request.request(call)?;
                    (kind, Form::$name(form))
                })*
            })
        }

        impl Form {
            async fn put(
                self,
                call: &Admitted,
                header: ResponseHeader,
                answer: Answer,
            ) -> Result<ExecuteResult, Refusal> {
                let (header, outcome) = match self {
                    $(Form::$name(form) => {
                        let response = <$request as Rpc>::response(form, call, header, answer);
                        let mut response = response.await?;
                        (response.header.take(), Outcome::$name(response))
                    })*
                };
                let revision = header.map_or(0, |header| header.revision);
                Ok(ExecuteResult { revision, result: Some(outcome) })
            }
        }
    };
}

operations! {
    Put: PutRequest, Get: GetRequest, Delete: DeleteRequest, List: ListRequest, Txn: TxnRequest
}

/// What an operation asks of the loop, and the form of its result; in a stream that names the cluster it means,
/// or does not.
pub(crate) fn asked(
    call: &Admitted,
    names_cluster: bool,
    operation: ExecuteOperation,
) -> Result<(RequestKind, Form), Refusal> {
    let missing = || limits::missing(ErrorReason::InvalidField, "operation");
    let operation = operation.operation.ok_or_else(missing)?;
    in_session::check(&operation, names_cluster)?;
    request(call, operation)
}

impl Form {
    /// The result that an answer becomes, also one that tells of a failure.
    pub async fn result(
        self,
        call: &Admitted,
        header: ResponseHeader,
        answer: Answer,
    ) -> ExecuteResult {
        self.put(call, header, answer).await.unwrap_or_else(failed)
    }
}

/// The result of an operation that failed.
pub(crate) fn failed(refusal: Refusal) -> ExecuteResult {
    ExecuteResult { revision: 0, result: Some(Outcome::Failure(refusal.into())) }
}
