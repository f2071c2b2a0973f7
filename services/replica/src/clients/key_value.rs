//! `KeyValueService`.

use futures_util::stream::{Empty, unfold};
use tonic::{Request, Response, Status, Streaming};
use understudy_proto::kv::v1::key_value_service_server::KeyValueService;
use understudy_proto::kv::v1::{
    DeleteRequest, DeleteResponse, ExecuteRequest, ExecuteResponse, GetRequest, GetResponse,
    ListRequest, ListResponse, PutRequest, PutResponse, TxnRequest, TxnResponse,
};

use super::admission::Admission;
use super::execute::Results;
use super::in_session;
use crate::connections::streamed;

/// Keys and values.
pub(crate) struct KeyValues {
    pub admission: Admission,
}

#[tonic::async_trait]
impl KeyValueService for KeyValues {
    type ExecuteStream = Empty<Result<ExecuteResponse, Status>>;

    async fn put(&self, request: Request<PutRequest>) -> Result<Response<PutResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn delete(
        &self,
        request: Request<DeleteRequest>,
    ) -> Result<Response<DeleteResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn txn(&self, request: Request<TxnRequest>) -> Result<Response<TxnResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn execute(
        &self,
        request: Request<Streaming<ExecuteRequest>>,
    ) -> Result<Response<Self::ExecuteStream>, Status> {
        self.admission.check_cluster(request.metadata())?;
        self.admission.check_acting()?;
        let names_cluster = in_session::names_cluster(request.metadata());
        let call = self.admission.admit(request.extensions());
        let results = Results::of(&call, names_cluster, request.into_inner());
        Ok(streamed(unfold(results, Results::next)))
    }
}
