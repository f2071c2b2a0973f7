//! gRPC as no library speaks it: requests that are not whole, answers that are not read.

use bytes::Bytes;
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use prost::Message;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// One connection. Dropping it closes it.
pub struct Wire {
    requests: SendRequest<Bytes>,
    address: String,
    connection: JoinHandle<()>,
}

/// One call, which is neither answered nor cancelled while this is there.
pub struct Call {
    pub request: SendStream<Bytes>,
    response: ResponseFuture,
}

type Done<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

impl Wire {
    /// Connects; answers have `window` bytes of room, for each call and for all together.
    pub async fn connect(address: &str, window: u32) -> Done<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (requests, connection) = h2::client::Builder::new()
            .initial_window_size(window)
            .initial_connection_window_size(window.max(65_535))
            .handshake(stream)
            .await?;
        let connection = tokio::spawn(async move { drop(connection.await) });
        Ok(Wire { requests, address: address.to_owned(), connection })
    }

    /// Begins a call.
    pub async fn call(&mut self, path: &str) -> Done<Call> {
        let requests = self.requests.clone();
        self.requests = requests.ready().await?;
        let request = http::Request::post(format!("http://{}{path}", self.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())?;
        let (response, request) = self.requests.send_request(request, false)?;
        Ok(Call { request, response })
    }

    /// Waits until it is closed by the other side.
    pub async fn closed(&mut self) {
        let _ = (&mut self.connection).await;
    }

    /// A whole request.
    pub async fn ask(&mut self, path: &str, message: &impl Message) -> Done<Call> {
        let mut call = self.call(path).await?;
        call.request.send_data(framed(&message.encode_to_vec()), true)?;
        Ok(call)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Call {
    /// Waits until its answer begins.
    pub async fn answered(self) -> Done<()> {
        self.response.await?;
        Ok(())
    }

    /// Sends bytes as far as there is room for them; gives up when there is none.
    pub async fn send_slowly(&mut self, mut bytes: Bytes) -> Done<()> {
        while !bytes.is_empty() {
            self.request.reserve_capacity(bytes.len().min(64 << 10));
            let room = std::future::poll_fn(|context| self.request.poll_capacity(context)).await;
            let room = room.ok_or("the call is over")??;
            self.request.send_data(bytes.split_to(room.min(bytes.len())), false)?;
        }
        Ok(())
    }
}

/// A message with its prefix.
pub fn framed(message: &[u8]) -> Bytes {
    [&announced(message.len() as u32)[..], message].concat().into()
}

/// The prefix that announces a message of this length, bytes.
pub fn announced(bytes: u32) -> [u8; 5] {
    let [a, b, c, d] = bytes.to_be_bytes();
    [0, a, b, c, d]
}
