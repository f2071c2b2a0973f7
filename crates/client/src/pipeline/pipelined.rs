//! The calls that go through a pipeline.

use understudy_proto::kv::v1::execute_operation::Operation;
use understudy_proto::kv::v1::execute_result::Result as OperationResult;
use understudy_proto::kv::v1::{
    DeleteRequest, GetRequest, ListRequest, PutRequest, ResponseHeader, TxnRequest,
};

use crate::call::Call;

/// A call that goes through a pipeline.
pub(crate) trait Pipelined: Call {
    fn operation(self) -> Operation;

    /// The response with its header; `None` if the result is of another kind.
    fn response(header: ResponseHeader, result: OperationResult) -> Option<Self::Response>;
}

macro_rules! pipelined {
    ($($request:ident: $kind:ident,)*) => {
        $(impl Pipelined for $request {
            fn operation(self) -> Operation {
                Operation::$kind(self)
            }

            fn response(header: ResponseHeader, result: OperationResult) -> Option<Self::Response> {
                match result {
                    OperationResult::$kind(response) => {
                        Some(Self::Response { header: Some(header), ..response })
                    }
                    _ => None,
                }
            }
        })*
    };
}

pipelined! {
    PutRequest: Put,
    GetRequest: Get,
    DeleteRequest: Delete,
    ListRequest: List,
    TxnRequest: Txn,
}
