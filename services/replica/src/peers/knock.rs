//! Does anybody listen there?

use understudy_protocol::{Event, Incarnation, Knock};

use super::Peers;
use super::connect::tcp;
use super::stream::post;

/// Tries a connection and closes it.
pub(crate) async fn knock(peers: Peers, incarnation: Incarnation, address: String) {
    let knock = match tcp(&peers, &address).await {
        Ok(_) => Knock::Answered,
        Err(knock) => knock,
    };
    post(&peers.outlet, Event::Knocked(incarnation, knock)).await;
}
