//! Which cluster a client is bound to.

use std::sync::{Mutex, OnceLock, PoisonError};

use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use understudy_proto::kv::v1::ResponseHeader;

use crate::failure::Failure;

/// Request metadata that names the cluster a client means.
const CLUSTER_ID: &str = "understudy-cluster-id";

/// The cluster that a client is bound to, and the newest answer of it.
#[derive(Debug, Default)]
pub(crate) struct Cluster {
    /// The cluster that answered first: from then on no other may.
    id: OnceLock<MetadataValue<Ascii>>,
    /// Of the answer that came last, and from that cluster.
    latest: Mutex<Option<ResponseHeader>>,
}

impl Cluster {
    /// Binds this client to the cluster of its first answer. Of several that come at once from different
    /// clusters only one counts.
    pub fn bind(&self, header: &ResponseHeader) -> Result<(), Failure> {
        let Some(theirs) = cluster_of(header) else { return Ok(()) };
        let ours = self.id.get_or_init(|| theirs.clone());
        if *ours == theirs {
            *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(header.clone());
            return Ok(());
        }
        let text = |id: &MetadataValue<Ascii>| id.to_str().unwrap_or_default().to_owned();
        Err(Failure::Foreign { theirs: text(&theirs), ours: text(ours) })
    }

    /// Says in a request which cluster is meant, once that is known.
    pub fn name(&self, metadata: &mut MetadataMap) {
        if let Some(id) = self.id.get() {
            metadata.insert(CLUSTER_ID, id.clone());
        }
    }

    /// The header of the answer that came last.
    pub fn latest(&self) -> Option<ResponseHeader> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The metadata that names the cluster of `header`; none for a replica without a cluster.
fn cluster_of(header: &ResponseHeader) -> Option<MetadataValue<Ascii>> {
    let id: [u8; 16] = header.cluster_id.as_ref().try_into().ok()?;
    let id = u128::from_be_bytes(id);
    if id == 0 { None } else { format!("{id:032x}").parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::unwrap_used)]
    fn of_first_answers_from_two_clusters_one_counts() {
        let ours = Cluster::default();
        let of = |cluster: u128| {
            let cluster_id = cluster.to_be_bytes().to_vec().into();
            ResponseHeader { cluster_id, ..ResponseHeader::default() }
        };
        ours.bind(&ResponseHeader::default()).unwrap();
        ours.bind(&of(0)).unwrap();
        ours.bind(&of(1)).unwrap();
        let foreign = ours.bind(&of(2)).unwrap_err();
        assert!(foreign.is_of_another_cluster(), "{foreign}");
        ours.bind(&of(1)).unwrap();
    }
}
