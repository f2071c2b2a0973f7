//! The services of a scripted replica. Sessions always work, unless the replica is no primary.

use std::sync::Arc;

use tonic::{Request, Response, Result, Status, Streaming, async_trait};
use understudy_client::proto::admin::v1::admin_service_server::AdminService;
use understudy_client::proto::admin::v1::*;
use understudy_client::proto::kv::v1::key_value_service_server::KeyValueService;
use understudy_client::proto::kv::v1::session_service_server::SessionService;
use understudy_client::proto::kv::v1::*;

use crate::fake::Script;
use crate::streams::Results;

/// The cluster that all scripted replicas belong to.
pub const CLUSTER: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;

#[derive(Clone)]
pub struct Services(pub Arc<Script>);

fn header(revision: i64) -> Option<ResponseHeader> {
    let cluster_id = CLUSTER.to_be_bytes().to_vec().into();
    Some(ResponseHeader { cluster_id, epoch: 3, revision })
}

fn unimplemented<T>() -> Result<T> {
    Err(Status::unimplemented("not scripted"))
}

#[async_trait]
impl KeyValueService for Services {
    type ExecuteStream = Results;

    async fn put(&self, request: Request<PutRequest>) -> Result<Response<PutResponse>> {
        let (metadata, _, put) = request.into_parts();
        self.0.model.arrived(&put);
        let revision = self.0.play(&metadata, || self.0.model.execute(&put)).await?;
        let header = header(revision);
        Ok(Response::new(PutResponse { header, succeeded: true, ..PutResponse::default() }))
    }

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>> {
        self.0.play(request.metadata(), || ()).await?;
        Ok(Response::new(GetResponse { header: header(0), kv: None }))
    }

    async fn delete(&self, _: Request<DeleteRequest>) -> Result<Response<DeleteResponse>> {
        unimplemented()
    }

    async fn list(&self, _: Request<ListRequest>) -> Result<Response<ListResponse>> {
        unimplemented()
    }

    async fn txn(&self, _: Request<TxnRequest>) -> Result<Response<TxnResponse>> {
        unimplemented()
    }

    async fn execute(
        &self,
        request: Request<Streaming<ExecuteRequest>>,
    ) -> Result<Response<Self::ExecuteStream>> {
        let (model, header) = (self.0.model.clone(), header(0).unwrap_or_default());
        Ok(Response::new(self.0.streams.begin(model, header, request.into_inner())))
    }
}

#[async_trait]
impl SessionService for Services {
    async fn open_session(
        &self,
        request: Request<OpenSessionRequest>,
    ) -> Result<Response<OpenSessionResponse>> {
        let session_id = self.0.model.open_session();
        let ttl_ms = request.get_ref().ttl_ms;
        let window = self.0.window;
        Ok(Response::new(OpenSessionResponse { header: header(0), session_id, ttl_ms, window }))
    }

    async fn keep_session_alive(
        &self,
        _: Request<KeepSessionAliveRequest>,
    ) -> Result<Response<KeepSessionAliveResponse>> {
        self.0.model.keep_alive();
        Ok(Response::new(KeepSessionAliveResponse { header: header(0), ttl_ms: 0 }))
    }

    async fn close_session(
        &self,
        _: Request<CloseSessionRequest>,
    ) -> Result<Response<CloseSessionResponse>> {
        Ok(Response::new(CloseSessionResponse { header: header(0) }))
    }
}

#[async_trait]
impl AdminService for Services {
    async fn status(&self, _: Request<StatusRequest>) -> Result<Response<StatusResponse>> {
        Ok(Response::new(self.0.status()))
    }

    async fn hand_over(
        &self,
        request: Request<HandOverRequest>,
    ) -> Result<Response<HandOverResponse>> {
        self.0.play(request.metadata(), || ()).await?;
        Ok(Response::new(HandOverResponse { header: header(0), primary: None }))
    }

    async fn get_settings(
        &self,
        _: Request<GetSettingsRequest>,
    ) -> Result<Response<GetSettingsResponse>> {
        unimplemented()
    }

    async fn update_settings(
        &self,
        _: Request<UpdateSettingsRequest>,
    ) -> Result<Response<UpdateSettingsResponse>> {
        unimplemented()
    }

    async fn get_quota(&self, _: Request<GetQuotaRequest>) -> Result<Response<GetQuotaResponse>> {
        unimplemented()
    }

    async fn update_quota(
        &self,
        _: Request<UpdateQuotaRequest>,
    ) -> Result<Response<UpdateQuotaResponse>> {
        unimplemented()
    }

    async fn list_sessions(
        &self,
        _: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>> {
        unimplemented()
    }

    async fn list_owners(
        &self,
        _: Request<ListOwnersRequest>,
    ) -> Result<Response<ListOwnersResponse>> {
        unimplemented()
    }

    async fn compact(&self, _: Request<CompactRequest>) -> Result<Response<CompactResponse>> {
        unimplemented()
    }
}
