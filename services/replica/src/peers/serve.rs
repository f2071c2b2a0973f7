//! The peer port's service.

use std::pin::Pin;

use tokio::sync::oneshot;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};
use understudy_proto::replication::v1::replication_service_server::ReplicationService;
use understudy_proto::replication::v1::{
    InquireRequest, InquireResponse, ReplicateRequest, ReplicateResponse,
};

use super::Peers;
use super::stream::stream;
use crate::inbox::Input;
use crate::refusal::Refusal;
use crate::wire;

/// Takes what peers send to the loop.
pub(crate) struct PeerService {
    pub peers: Peers,
}

#[tonic::async_trait]
impl ReplicationService for PeerService {
    type ReplicateStream = Pin<Box<dyn Stream<Item = Result<ReplicateResponse, Status>> + Send>>;

    async fn replicate(
        &self,
        request: Request<Streaming<ReplicateRequest>>,
    ) -> Result<Response<Self::ReplicateStream>, Status> {
        let conn = self.peers.number();
        let (outbox, outgoing, reader) = stream(conn, self.peers.outlet.clone());
        let opened = self.peers.outlet.send(Input::Opened(conn, outbox)).await;
        opened.map_err(|_| gone())?;
        tokio::spawn(reader.run(request.into_inner(), wire::from_follower));
        let responses = ReceiverStream::new(outgoing)
            .filter_map(|message| message.map(wire::to_follower).transpose());
        Ok(Response::new(Box::pin(responses)))
    }

    async fn inquire(
        &self,
        _request: Request<InquireRequest>,
    ) -> Result<Response<InquireResponse>, Status> {
        let (answer, answered) = oneshot::channel();
        let asked = self.peers.outlet.send(Input::Inquiry(answer)).await;
        asked.map_err(|_| gone())?;
        let state = answered.await.map_err(|_| gone())?;
        Ok(Response::new(InquireResponse { state: Some(wire::encode_peer_state(state)) }))
    }
}

fn gone() -> Refusal {
    Refusal::over("this life is over")
}
