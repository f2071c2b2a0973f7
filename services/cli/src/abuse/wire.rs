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
    pub async fn request(&mut self, path: &str, message: &impl Message) -> Done<Call> {
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

    /// Reads what it is answered, to the end.
    pub async fn read(self) -> Done<()> {
        let mut answer = self.response.await?.into_body();
        while let Some(bytes) = answer.data().await {
            answer.flow_control().release_capacity(bytes?.len())?;
        }
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

/// HTTP/2 (RFC 9113) frame by frame, for what a library would not send.
pub mod raw {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::net::tcp::OwnedWriteHalf;
    use tokio_util::task::AbortOnDropHandle;

    pub const DATA: u8 = 0;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PING: u8 = 6;
    const HEADERS: u8 = 1;
    const END_HEADERS: u8 = 4;

    /// A connection. Dropping it closes it.
    pub struct Raw {
        requests: OwnedWriteHalf,
        answers: AbortOnDropHandle<()>,
    }

    /// A connection that has greeted. What comes is thrown away.
    pub async fn connect(address: &str) -> std::io::Result<Raw> {
        let (mut answers, mut requests) = TcpStream::connect(address).await?.into_split();
        requests.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await?;
        requests.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
        let answers = AbortOnDropHandle::new(tokio::spawn(async move {
            let mut ignored = vec![0; 16 << 10];
            while answers.read(&mut ignored).await.is_ok_and(|count| count > 0) {}
        }));
        Ok(Raw { requests, answers })
    }

    impl Raw {
        pub async fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
            self.requests.write_all(bytes).await
        }

        /// Waits until it is closed by the other side.
        pub async fn closed(&mut self) {
            let _ = (&mut self.answers).await;
        }
    }

    /// A frame of a stream.
    pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = &(payload.len() as u32).to_be_bytes()[1..];
        [length, &[kind, flags], &stream.to_be_bytes(), payload].concat()
    }

    /// What begins a call, with `more` headers than it needs (HPACK, RFC 7541: literals, all of them).
    pub fn call(stream: u32, path: &str, more: usize) -> Vec<u8> {
        let mut block = Vec::new();
        let mut field = |name: &str, value: &str| {
            block.push(0);
            for text in [name, value] {
                block.push(text.len() as u8);
                block.extend_from_slice(text.as_bytes());
            }
        };
        field(":method", "POST");
        field(":scheme", "http");
        field(":path", path);
        field("content-type", "application/grpc");
        field("te", "trailers");
        (0..more).for_each(|n| field(&format!("x-{n}"), "12345678"));
        frame(HEADERS, END_HEADERS, stream, &block)
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
