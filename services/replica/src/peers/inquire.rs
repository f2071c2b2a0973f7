//! Asks a configured peer whether it is blank, for a cluster's birth (rule 11).

use understudy_proto::replication::v1::InquireRequest;
use understudy_proto::replication::v1::replication_service_client::ReplicationServiceClient;
use understudy_protocol::{Event, PROTOCOL_VERSION, PeerState, ProbeResult};

use super::Peers;
use super::connect::channel;
use super::stream::post;
use crate::wire;

/// Asks `peer` in the name of `me`.
pub(crate) async fn inquire(peers: Peers, me: String, peer: String, address: String) {
    let answer = match tokio::time::timeout(peers.patience, ask(&peers, me, &address)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("{address} did not answer in time")),
    };
    post(&peers.outlet, Event::Inquired { peer, answer }).await;
}

async fn ask(peers: &Peers, me: String, address: &str) -> Result<PeerState, String> {
    let channel = channel(peers, address).await.map_err(|probe| match probe {
        ProbeResult::Refused => format!("nobody listens at {address}"),
        ProbeResult::Silent => format!("{address} cannot be reached"),
        ProbeResult::Answered => format!("what listens at {address} is no replica"),
    })?;
    let request = InquireRequest { version: PROTOCOL_VERSION, name: me };
    let response = ReplicationServiceClient::new(channel)
        .inquire(request)
        .await
        .map_err(|status| format!("{address} says {}: {}", status.code(), status.message()))?;
    let state = response.into_inner().state.ok_or("an answer without a state")?;
    wire::decode_peer_state(state).map_err(|why| why.to_string())
}
