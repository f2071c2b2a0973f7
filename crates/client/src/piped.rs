//! The calls that go through a pipeline.

use understudy_proto::kv::v1::execute_operation::Operation;
use understudy_proto::kv::v1::execute_result::Result as Outcome;
use understudy_proto::kv::v1::{
    DeleteRequest, GetRequest, ListRequest, PutRequest, ResponseHeader, TxnRequest,
};

use crate::call::Call;

/// A call that goes through a pipeline.
pub(crate) trait Piped: Call {
    fn operation(self) -> Operation;

    /// The response with its header; `None` if the outcome is of another kind.
    fn response(header: ResponseHeader, outcome: Outcome) -> Option<Self::Response>;
}

macro_rules! piped {
    ($($request:ident: $kind:ident,)*) => {
        $(impl Piped for $request {
            fn operation(self) -> Operation {
                Operation::$kind(self)
            }

            fn response(header: ResponseHeader, outcome: Outcome) -> Option<Self::Response> {
                match outcome {
                    Outcome::$kind(response) => {
                        Some(Self::Response { header: Some(header), ..response })
                    }
                    _ => None,
                }
            }
        })*
    };
}

piped! {
    PutRequest: Put,
    GetRequest: Get,
    DeleteRequest: Delete,
    ListRequest: List,
    TxnRequest: Txn,
}
