//! Services of the contract that come with later versions.

use tonic::{Request, Response, Status};
use understudy_proto::kv::v1::lease_service_server::LeaseService;
use understudy_proto::kv::v1::random_service_server::RandomService;
use understudy_proto::kv::v1::{
    GetLeaseRequest, GetLeaseResponse, GetRandBitsRequest, GetRandBitsResponse, GetStateRequest,
    GetStateResponse, GrantLeaseRequest, GrantLeaseResponse, KeepLeaseAliveRequest,
    KeepLeaseAliveResponse, ListLeasesRequest, ListLeasesResponse, NowRequest, NowResponse,
    RandBytesRequest, RandBytesResponse, RandomRequest, RandomResponse, RevokeLeaseRequest,
    RevokeLeaseResponse, SeedRequest, SeedResponse, SetStateRequest, SetStateResponse,
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

later!(RandomService {
    seed: SeedRequest => SeedResponse,
    random: RandomRequest => RandomResponse,
    get_rand_bits: GetRandBitsRequest => GetRandBitsResponse,
    rand_bytes: RandBytesRequest => RandBytesResponse,
    get_state: GetStateRequest => GetStateResponse,
    set_state: SetStateRequest => SetStateResponse,
    now: NowRequest => NowResponse,
});
