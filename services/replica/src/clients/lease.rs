//! `LeaseService`.

use bytes::Bytes;
use tonic::{Request, Response, Status};
use twox_hash::XxHash3_64;
use understudy_machine::{
    Command, GrantLease, KeepLease, LEASE_TTL, LeaseInfo, Lifetime, Outcome, RevokeLease,
};
use understudy_proto::kv::v1::lease_service_server::LeaseService;
use understudy_proto::kv::v1::*;

use super::admission::Admission;
use super::list::page_size;
use super::rpc::{Executed, LoggedRpc};
use super::{Answer, Read, limits, stamp, token, txn};
use crate::refusal::Refusal;

/// The longest time to live, milliseconds: ten years.
const MAX_TTL: i64 = (*LEASE_TTL.end() / limits::MS) as i64;
/// The highest id that a client may choose.
const MAX_CHOSEN: i64 = (1 << 62) - 1;

/// Leases.
pub(crate) struct Leases {
    pub admission: Admission,
}

/// Where a list got to, and of which list that is true.
#[derive(Clone, PartialEq, prost::Message)]
struct LeaseToken {
    /// The last lease of the page before.
    #[prost(int64, tag = "1")]
    lease: i64,
    /// The last key of the page before.
    #[prost(bytes = "bytes", tag = "2")]
    key: Bytes,
    /// Of the cluster and of what was asked for.
    #[prost(fixed64, tag = "3")]
    request: u64,
}

#[tonic::async_trait]
impl LeaseService for Leases {
    async fn grant_lease(
        &self,
        request: Request<GrantLeaseRequest>,
    ) -> Result<Response<GrantLeaseResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn keep_lease_alive(
        &self,
        request: Request<KeepLeaseAliveRequest>,
    ) -> Result<Response<KeepLeaseAliveResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn revoke_lease(
        &self,
        request: Request<RevokeLeaseRequest>,
    ) -> Result<Response<RevokeLeaseResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn get_lease(
        &self,
        request: Request<GetLeaseRequest>,
    ) -> Result<Response<GetLeaseResponse>, Status> {
        let (call, request) = self.admission.enter(request)?;
        let GetLeaseRequest { lease_id, return_keys, page_size: size, page_token } = request;
        limits::at_least("lease_id", lease_id, 0)?;
        let most = page_size(size)?;
        let hash = self.hash(lease_id, &page_token)?;
        let after = read(&page_token, hash)?.key;
        let most = if return_keys { most } else { 0 };
        let read = Read::Lease { lease: lease_id, after, most };
        let (header, Answer::Lease(info, keys, more)) = call.read(read, false).await? else {
            return Err(Refusal::mismatch().into());
        };
        let next = keys.last().filter(|_| return_keys && more).map(|key| {
            token::text(&LeaseToken { lease: lease_id, key: key.clone(), request: hash })
        });
        Ok(Response::new(GetLeaseResponse {
            header: Some(header),
            lease: Some(lease(&info)),
            key_count: txn::count(info.keys),
            keys,
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn list_leases(
        &self,
        request: Request<ListLeasesRequest>,
    ) -> Result<Response<ListLeasesResponse>, Status> {
        let (call, request) = self.admission.enter(request)?;
        let ListLeasesRequest { page_size: size, page_token } = request;
        let (most, hash) = (page_size(size)?, self.hash(0, &page_token)?);
        let after = read(&page_token, hash)?.lease;
        // One more than is wanted tells whether there are more.
        let read = Read::Leases { after, most: most + 1 };
        let (header, Answer::Leases(mut infos)) = call.read(read, false).await? else {
            return Err(Refusal::mismatch().into());
        };
        let more = infos.len() > most;
        infos.truncate(most);
        let next = infos.last().filter(|_| more).map(|info| {
            token::text(&LeaseToken { lease: info.lease, request: hash, ..LeaseToken::default() })
        });
        let leases = infos.iter().map(lease).collect();
        let next_page_token = next.unwrap_or_default();
        Ok(Response::new(ListLeasesResponse { header: Some(header), leases, next_page_token }))
    }
}

impl Leases {
    /// Stands for what a page token is bound to: the cluster, and the lease whose keys are told.
    fn hash(&self, lease: i64, token: &str) -> Result<u64, Refusal> {
        let cluster = self.admission.cluster_of(token)?;
        Ok(XxHash3_64::oneshot(&[&cluster[..], &lease.to_be_bytes()].concat()))
    }
}

impl LoggedRpc for GrantLeaseRequest {
    type Response = GrantLeaseResponse;
    type Form = ();

    fn command(self) -> Result<(Command, ()), Refusal> {
        let GrantLeaseRequest { stamp, ttl_ms, lease_id } = self;
        limits::within("lease_id", lease_id, 0, MAX_CHOSEN)?;
        Ok((stamp::command(stamp, GrantLease { ttl: ttl(ttl_ms)?, lease: lease_id })?, ()))
    }

    fn response((): (), (header, response): Executed) -> Result<GrantLeaseResponse, Refusal> {
        match response.result {
            Some(Outcome::LeaseGranted(granted)) => Ok(GrantLeaseResponse {
                header: Some(header),
                lease: Some(full(granted.lease, granted.ttl)),
            }),
            other => Err(Refusal::of_outcome(other)),
        }
    }
}

impl LoggedRpc for KeepLeaseAliveRequest {
    type Response = KeepLeaseAliveResponse;
    /// The lease's id.
    type Form = i64;

    fn command(self) -> Result<(Command, i64), Refusal> {
        let KeepLeaseAliveRequest { stamp, lease_id } = self;
        limits::at_least("lease_id", lease_id, 0)?;
        Ok((stamp::command(stamp, KeepLease { lease: lease_id })?, lease_id))
    }

    fn response(
        lease: i64,
        (header, response): Executed,
    ) -> Result<KeepLeaseAliveResponse, Refusal> {
        match response.result {
            Some(Outcome::LeaseKept(kept)) => {
                let lease = Some(full(lease, kept.ttl));
                Ok(KeepLeaseAliveResponse { header: Some(header), lease })
            }
            other => Err(Refusal::of_outcome(other)),
        }
    }
}

impl LoggedRpc for RevokeLeaseRequest {
    type Response = RevokeLeaseResponse;
    type Form = ();

    fn command(self) -> Result<(Command, ()), Refusal> {
        let RevokeLeaseRequest { stamp, lease_id } = self;
        limits::at_least("lease_id", lease_id, 0)?;
        Ok((stamp::command(stamp, RevokeLease { lease: lease_id })?, ()))
    }

    fn response((): (), (header, response): Executed) -> Result<RevokeLeaseResponse, Refusal> {
        match response.result {
            Some(Outcome::LeaseRevoked(revoked)) => {
                Ok(RevokeLeaseResponse { header: Some(header), keys: txn::count(revoked.keys) })
            }
            other => Err(Refusal::of_outcome(other)),
        }
    }
}

/// A key attached to a lease.
pub(crate) fn hanging(lease_id: i64) -> Result<Lifetime, Refusal> {
    limits::at_least("lease_id", lease_id, 0)?;
    Ok(Lifetime::Lease(lease_id))
}

/// A key attached to a lease granted for it.
pub(crate) fn living(ttl_ms: i64) -> Result<Lifetime, Refusal> {
    Ok(Lifetime::Ttl(ttl(ttl_ms)?))
}

/// A time to live, nanoseconds.
fn ttl(ms: i64) -> Result<u64, Refusal> {
    limits::ttl(ms, 1, MAX_TTL)?;
    Ok(ms.unsigned_abs() * limits::MS)
}

fn read(text: &str, request: u64) -> Result<LeaseToken, Refusal> {
    if text.is_empty() {
        return Ok(LeaseToken::default());
    }
    let token = token::parse(text).filter(|token: &LeaseToken| token.request == request);
    token.ok_or_else(|| {
        let message = "the page token is not of this request: begin without one";
        Refusal::new(ErrorReason::InvalidPageToken, message)
    })
}

fn lease(info: &LeaseInfo) -> Lease {
    Lease { remaining_ms: limits::in_ms(info.left), ..full(info.lease, info.ttl) }
}

fn full(lease_id: i64, ttl: u64) -> Lease {
    Lease { lease_id, ttl_ms: limits::in_ms(ttl), remaining_ms: limits::in_ms(ttl) }
}
