//! Services of the contract that come with later versions.

use tonic::{Request, Response, Status};
use understudy_proto::kv::v1::lease_service_server::LeaseService;
use understudy_proto::kv::v1::{
    GetLeaseRequest, GetLeaseResponse, GrantLeaseRequest, GrantLeaseResponse,
    KeepLeaseAliveRequest, KeepLeaseAliveResponse, ListLeasesRequest, ListLeasesResponse,
    RevokeLeaseRequest, RevokeLeaseResponse,
};

use super::gate::unimplemented;

/// Answers UNIMPLEMENTED to everything.
pub(crate) struct Later;

macro_rules! later {
    ($service:ident { $($call:ident: $request:ty => $response:ty,)* }) => {
        #[tonic::async_trait]
        impl $service for Later {
            $(async fn $call(&self, _: Request<$request>) -> Result<Response<$response>, Status> {
                unimplemented(stringify!($service))
            })*
        }
    };
}

later!(LeaseService {
    grant_lease: GrantLeaseRequest => GrantLeaseResponse,
    keep_lease_alive: KeepLeaseAliveRequest => KeepLeaseAliveResponse,
    revoke_lease: RevokeLeaseRequest => RevokeLeaseResponse,
    get_lease: GetLeaseRequest => GetLeaseResponse,
    list_leases: ListLeasesRequest => ListLeasesResponse,
});
