//! Which requests speak of a session. Sessions are numbered in each cluster from the same numbers on, so such a
//! request must name the cluster that it means: in another one the number is another client's.

use tonic::metadata::MetadataMap;
use understudy_proto::kv::v1::execute_operation::Operation;

use super::admission::CLUSTER_HEADER;
use crate::refusal::Refusal;

/// A request of the client port, that may speak of a session.
pub(crate) trait MayNameSession {
    /// Whether it carries a stamp, or a session's number.
    fn names_session(&self) -> bool;
}

macro_rules! requests {
    (
        stamped: $($stamped:ty),*;
        of_a_session: $($session:ty),*;
        of_no_session: $($none:ty),*;
        streamed: $($streamed:ty),*;
        of_peers: $($peer:ty),*;
    ) => {
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

// By the fields that the contract gives each.
understudy_proto::every_request!(requests);

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
