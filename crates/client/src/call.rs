//! The calls as values: a request that knows how it is sent.

use std::future::Future;

use tonic::transport::Channel;
use tonic::{Request, Status};
use understudy_proto::admin::v1::admin_service_client::AdminServiceClient;
use understudy_proto::admin::v1::{
    CompactRequest, CompactResponse, GetQuotaRequest, GetQuotaResponse, GetSettingsRequest,
    GetSettingsResponse, HandOverRequest, HandOverResponse, ListOwnersRequest, ListOwnersResponse,
    ListSessionsRequest, ListSessionsResponse, StatusRequest, StatusResponse, UpdateQuotaRequest,
    UpdateQuotaResponse, UpdateSettingsRequest, UpdateSettingsResponse,
};
use understudy_proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_proto::kv::v1::lease_service_client::LeaseServiceClient;
use understudy_proto::kv::v1::random_service_client::RandomServiceClient;
use understudy_proto::kv::v1::session_service_client::SessionServiceClient;
use understudy_proto::kv::v1::{
    CloseSessionRequest, CloseSessionResponse, DeleteRequest, DeleteResponse, GetLeaseRequest,
    GetLeaseResponse, GetRandBitsRequest, GetRandBitsResponse, GetRequest, GetResponse,
    GetStateRequest, GetStateResponse, GrantLeaseRequest, GrantLeaseResponse,
    KeepLeaseAliveRequest, KeepLeaseAliveResponse, KeepSessionAliveRequest,
    KeepSessionAliveResponse, ListLeasesRequest, ListLeasesResponse, ListRequest, ListResponse,
    NowRequest, NowResponse, OpenSessionRequest, OpenSessionResponse, PutRequest, PutResponse,
    RandBytesRequest, RandBytesResponse, RandomRequest, RandomResponse, RequestStamp,
    ResponseHeader, RevokeLeaseRequest, RevokeLeaseResponse, SeedRequest, SeedResponse,
    SetStateRequest, SetStateResponse, TxnRequest, TxnResponse,
};

/// A request that knows how it is sent.
pub(crate) trait Call: Clone + Send + Sync + 'static {
    type Response: Send;
    /// For messages and observers.
    const NAME: &'static str;

    fn send(
        channel: Channel,
        request: Request<Self>,
    ) -> impl Future<Output = Result<Self::Response, Status>> + Send;

    fn header(response: &Self::Response) -> Option<&ResponseHeader>;

    /// The stamp that it carries.
    fn stamp(&self) -> Option<RequestStamp> {
        None
    }
}

/// A call that changes something, and that a stamp makes exactly-once.
pub(crate) trait Mutation: Call {
    fn set_stamp(&mut self, stamp: RequestStamp);
}

macro_rules! call {
    ($request:ident, $name:literal, $client:ident.$method:ident, $response:ident $(, $stamp:ident)?) => {
        impl Call for $request {
            type Response = $response;
            const NAME: &'static str = $name;

            async fn send(channel: Channel, request: Request<Self>) -> Result<$response, Status> {
                // Without a limit here, the code OUT_OF_RANGE always comes from the server.
                let mut client = $client::new(channel).max_decoding_message_size(usize::MAX);
                Ok(client.$method(request).await?.into_inner())
            }

            fn header(response: &$response) -> Option<&ResponseHeader> {
                response.header.as_ref()
            }

            $(fn stamp(&self) -> Option<RequestStamp> {
                self.$stamp
            })?
        }

        $(impl Mutation for $request {
            fn set_stamp(&mut self, stamp: RequestStamp) {
                self.$stamp = Some(stamp);
            }
        })?
    };
}

call!(PutRequest, "put", KeyValueServiceClient.put, PutResponse, stamp);
call!(GetRequest, "get", KeyValueServiceClient.get, GetResponse);
call!(DeleteRequest, "delete", KeyValueServiceClient.delete, DeleteResponse, stamp);
call!(ListRequest, "list", KeyValueServiceClient.list, ListResponse);
call!(TxnRequest, "txn", KeyValueServiceClient.txn, TxnResponse, stamp);
call!(OpenSessionRequest, "open session", SessionServiceClient.open_session, OpenSessionResponse);
call!(
    KeepSessionAliveRequest,
    "keep session alive",
    SessionServiceClient.keep_session_alive,
    KeepSessionAliveResponse
);
call!(
    CloseSessionRequest,
    "close session",
    SessionServiceClient.close_session,
    CloseSessionResponse
);
call!(GrantLeaseRequest, "grant lease", LeaseServiceClient.grant_lease, GrantLeaseResponse, stamp);
call!(
    KeepLeaseAliveRequest,
    "keep lease alive",
    LeaseServiceClient.keep_lease_alive,
    KeepLeaseAliveResponse
);
call!(
    RevokeLeaseRequest,
    "revoke lease",
    LeaseServiceClient.revoke_lease,
    RevokeLeaseResponse,
    stamp
);
call!(GetLeaseRequest, "get lease", LeaseServiceClient.get_lease, GetLeaseResponse);
call!(ListLeasesRequest, "list leases", LeaseServiceClient.list_leases, ListLeasesResponse);
call!(SeedRequest, "seed", RandomServiceClient.seed, SeedResponse, stamp);
call!(RandomRequest, "random", RandomServiceClient.random, RandomResponse, stamp);
call!(
    GetRandBitsRequest,
    "random bits",
    RandomServiceClient.get_rand_bits,
    GetRandBitsResponse,
    stamp
);
call!(RandBytesRequest, "random bytes", RandomServiceClient.rand_bytes, RandBytesResponse, stamp);
call!(GetStateRequest, "generator state", RandomServiceClient.get_state, GetStateResponse);
call!(SetStateRequest, "set generator", RandomServiceClient.set_state, SetStateResponse, stamp);
call!(NowRequest, "now", RandomServiceClient.now, NowResponse, stamp);
call!(GetSettingsRequest, "settings", AdminServiceClient.get_settings, GetSettingsResponse);
call!(
    UpdateSettingsRequest,
    "change of settings",
    AdminServiceClient.update_settings,
    UpdateSettingsResponse
);
call!(GetQuotaRequest, "quota", AdminServiceClient.get_quota, GetQuotaResponse);
call!(UpdateQuotaRequest, "change of quota", AdminServiceClient.update_quota, UpdateQuotaResponse);
call!(ListSessionsRequest, "list sessions", AdminServiceClient.list_sessions, ListSessionsResponse);
call!(ListOwnersRequest, "list owners", AdminServiceClient.list_owners, ListOwnersResponse);
call!(StatusRequest, "status", AdminServiceClient.status, StatusResponse);
call!(CompactRequest, "compact", AdminServiceClient.compact, CompactResponse);
call!(HandOverRequest, "handover", AdminServiceClient.hand_over, HandOverResponse);
