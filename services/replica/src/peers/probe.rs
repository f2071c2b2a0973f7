//! Does anybody listen there?

use understudy_protocol::{Event, Incarnation, ProbeResult};

use super::Peers;
use super::connect::tcp;
use super::stream::post;

/// Tries a connection and closes it.
pub(crate) async fn probe(peers: Peers, incarnation: Incarnation, address: String) {
    let probe = match tcp(&peers, &address).await {
        Ok(_) => ProbeResult::Answered,
        Err(probe) => probe,
    };
    post(&peers.outlet, Event::Probed(incarnation, probe)).await;
}
