//! My stream to the primary.

use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use understudy_proto::replication::v1::replication_service_client::ReplicationServiceClient;
use understudy_protocol::{Event, ProbeResult};

use super::connect::channel;
use super::stream::{post, stream};
use super::{MAX_MESSAGE, Peers};
use crate::inbox::Input;
use crate::wire;

/// Opens a replication stream and reads it to its end.
pub(crate) async fn dial(peers: Peers, address: String) {
    let channel = match channel(&peers, &address).await {
        Ok(channel) => channel,
        Err(probe) => return post(&peers.outlet, Event::DialFailed(probe)).await,
    };
    let mut client = ReplicationServiceClient::new(channel).max_decoding_message_size(MAX_MESSAGE);
    let conn = peers.number();
    let (outbox, outgoing, reader) = stream(conn, peers.outlet.clone());
    let requests =
        ReceiverStream::new(outgoing).filter_map(|message| message.ok().and_then(wire::to_primary));
    match tokio::time::timeout(peers.patience, client.replicate(requests)).await {
        Ok(Ok(response)) => {
            let _ = peers.outlet.send(Input::Dialed(conn, outbox)).await;
            reader.run(response.into_inner(), wire::from_primary).await;
        }
        Ok(Err(_)) => post(&peers.outlet, Event::DialFailed(ProbeResult::Answered)).await,
        Err(_) => post(&peers.outlet, Event::DialFailed(ProbeResult::Silent)).await,
    }
}
