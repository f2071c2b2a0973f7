//! `KeyValueService`.

use futures_util::stream::{Empty, unfold};
use tonic::{Request, Response, Status, Streaming};
use understudy_proto::kv::v1::key_value_service_server::KeyValueService;
use understudy_proto::kv::v1::{
    DeleteRequest, DeleteResponse, ErrorReason, ExecuteRequest, ExecuteResponse, GetRequest,
    GetResponse, ListRequest, ListResponse, PutRequest, PutResponse, ReadConsistency, TxnRequest,
    TxnResponse,
};

use super::execute::Results;
use super::gate::{self, Gate};
use super::{Answer, Read, Refusal, delete, list, put, txn};
use super::{in_session, limits};
use crate::doors::streamed;

/// Keys and values, through the gate.
pub(crate) struct KeyValues {
    pub gate: Gate,
}

#[tonic::async_trait]
impl KeyValueService for KeyValues {
    type ExecuteStream = Empty<Result<ExecuteResponse, Status>>;

    async fn put(&self, request: Request<PutRequest>) -> Result<Response<PutResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let wants_previous = request.return_previous;
        let command = put::command(request)?;
        let (header, response) = call.execute(command).await?;
        Ok(Response::new(put::response(header, response, wants_previous)?))
    }

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let (read, stale) = key_read(request)?;
        match call.read(read, stale).await? {
            (header, Answer::Key(kv)) => {
                let kv = kv.map(txn::key_value);
                Ok(Response::new(GetResponse { header: Some(header), kv }))
            }
            _ => Err(gate::mismatch().into()),
        }
    }

    async fn delete(
        &self,
        request: Request<DeleteRequest>,
    ) -> Result<Response<DeleteResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let wants_previous = request.return_previous;
        let command = delete::command(request)?;
        let (header, response) = call.execute(command).await?;
        Ok(Response::new(delete::response(header, response, wants_previous)?))
    }

    async fn txn(&self, request: Request<TxnRequest>) -> Result<Response<TxnResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let gets = txn::Gets::of(&request);
        let command = txn::command(request)?;
        let (header, response) = call.execute(command).await?;
        Ok(Response::new(txn::response(header, response, &gets)?))
    }

    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        Ok(Response::new(list::list(&call, request).await?))
    }

    async fn execute(
        &self,
        request: Request<Streaming<ExecuteRequest>>,
    ) -> Result<Response<Self::ExecuteStream>, Status> {
        self.gate.check_cluster(request.metadata())?;
        self.gate.check_acting()?;
        let names_cluster = in_session::names_cluster(request.metadata());
        let call = self.gate.admit(request.extensions());
        let results = Results::of(&call, names_cluster, request.into_inner());
        Ok(streamed(unfold(results, Results::next)))
    }
}

/// What a Get reads, and whether a stale answer will do.
pub(crate) fn key_read(request: GetRequest) -> Result<(Read, bool), Refusal> {
    limits::key(&request.key)?;
    limits::at_least("revision", request.revision, 0)?;
    let stale = is_stale(request.consistency)?;
    Ok((Read::Key(request.key, request.revision), stale))
}

pub(crate) fn is_stale(consistency: i32) -> Result<bool, Refusal> {
    match ReadConsistency::try_from(consistency) {
        Ok(ReadConsistency::Unspecified | ReadConsistency::Linearizable) => Ok(false),
        Ok(ReadConsistency::Stale) => Ok(true),
        Err(_) => Err(limits::missing(ErrorReason::InvalidField, "consistency")),
    }
}
