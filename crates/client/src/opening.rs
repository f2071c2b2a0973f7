//! Asking for an Execute stream.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};
use understudy_proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_proto::kv::v1::{ExecuteRequest, ExecuteResponse, ResponseHeader};

use crate::call::Call;

/// Asks for a stream.
#[derive(Clone)]
pub(crate) struct Opening;

/// A stream that has begun.
pub(crate) struct Opened {
    pub operations: mpsc::Sender<ExecuteRequest>,
    pub results: Streaming<ExecuteResponse>,
}

impl Call for Opening {
    type Response = Opened;
    const NAME: &'static str = "execute";

    async fn send(channel: Channel, request: Request<Self>) -> Result<Opened, Status> {
        let (operations, receiver) = mpsc::channel(1);
        let mut client = KeyValueServiceClient::new(channel).max_decoding_message_size(usize::MAX);
        let request = request.map(|Opening| ReceiverStream::new(receiver));
        let results = client.execute(request).await?.into_inner();
        Ok(Opened { operations, results })
    }

    /// Only results come with one.
    fn header(_: &Opened) -> Option<&ResponseHeader> {
        None
    }
}
