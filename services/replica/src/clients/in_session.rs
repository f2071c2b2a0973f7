//! Which requests speak of a session. Sessions are numbered in each cluster from the same numbers on, so such a
//! request must name the cluster that it means: in another one the number is another client's.

use tonic::metadata::MetadataMap;
use understudy_proto::admin::v1::*;
use understudy_proto::kv::v1::execute_operation::Operation;
use understudy_proto::kv::v1::*;

use super::admission::CLUSTER_HEADER;
use crate::refusal::Refusal;

/// A request of the client port, that may speak of a session.
pub(crate) trait MayNameSession {
    /// Whether it carries a stamp, or a session's number.
    fn names_session(&self) -> bool;
}

macro_rules! requests {
    (stamped: $($stamped:ident)*; of_a_session: $($session:ident)*; of_none: $($none:ident)*) => {
        $(impl MayNameSession for $stamped {
            fn names_session(&self) -> bool {
                self.stamp.is_some()
            }
        })*
        $(impl MayNameSession for $session {
            fn names_session(&self) -> bool {
                true
            }
        })*
        $(impl MayNameSession for $none {
            fn names_session(&self) -> bool {
                false
            }
        })*
    };
}

requests! {
    stamped:
        PutRequest DeleteRequest TxnRequest GrantLeaseRequest RevokeLeaseRequest SeedRequest
        RandomRequest GetRandBitsRequest RandBytesRequest SetStateRequest NowRequest;
    of_a_session: KeepSessionAliveRequest CloseSessionRequest;
    of_none:
        OpenSessionRequest GetRequest ListRequest WatchRequest KeepLeaseAliveRequest GetLeaseRequest
        ListLeasesRequest GetStateRequest StatusRequest HandOverRequest GetSettingsRequest
        UpdateSettingsRequest GetQuotaRequest UpdateQuotaRequest CompactRequest ListSessionsRequest
        ListOwnersRequest
}

impl MayNameSession for Operation {
    fn names_session(&self) -> bool {
        match self {
            Operation::Put(request) => request.names_session(),
            Operation::Get(request) => request.names_session(),
            Operation::Delete(request) => request.names_session(),
            Operation::List(request) => request.names_session(),
            Operation::Txn(request) => request.names_session(),
        }
    }
}

/// Whether the metadata of a call names a cluster, rightly or wrongly.
pub(crate) fn names_cluster(metadata: &MetadataMap) -> bool {
    metadata.contains_key(CLUSTER_HEADER)
}

/// Refuses a request that speaks of a session in a call that does not name the cluster.
pub(crate) fn check(request: &impl MayNameSession, names_cluster: bool) -> Result<(), Refusal> {
    if request.names_session() && !names_cluster {
        return Err(Refusal::names_no_cluster());
    }
    Ok(())
}
