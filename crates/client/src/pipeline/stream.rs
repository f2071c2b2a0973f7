//! The stream that carries a pipeline's operations to the primary.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};
use understudy_proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_proto::kv::v1::{ExecuteRequest, ExecuteResponse, ResponseHeader};

use crate::call::Call;

/// The call that begins a stream.
#[derive(Clone)]
pub(crate) struct OpenStream;

/// A stream that has begun.
pub(crate) struct ExecuteStream {
    pub operations: mpsc::Sender<ExecuteRequest>,
    pub results: Streaming<ExecuteResponse>,
}

impl Call for OpenStream {
    type Response = ExecuteStream;
    const NAME: &'static str = "execute";

    async fn send(channel: Channel, request: Request<Self>) -> Result<ExecuteStream, Status> {
        let (operations, receiver) = mpsc::channel(1);
        let mut client = KeyValueServiceClient::new(channel).max_decoding_message_size(usize::MAX);
        let request = request.map(|OpenStream| ReceiverStream::new(receiver));
        let results = client.execute(request).await?.into_inner();
        Ok(ExecuteStream { operations, results })
    }

    /// Only results come with one.
    fn header(_: &ExecuteStream) -> Option<&ResponseHeader> {
        None
    }
}
