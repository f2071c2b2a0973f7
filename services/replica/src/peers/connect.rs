//! Opens a connection to a peer, and tells apart how that can fail.

use std::io;

use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};
use understudy_protocol::ProbeResult;

use super::{Peers, WINDOW};

/// A TCP connection. `Refused` is the host's word that nobody listens there; all else means nothing.
pub(crate) async fn tcp(peers: &Peers, address: &str) -> Result<TcpStream, ProbeResult> {
    match tokio::time::timeout(peers.patience, TcpStream::connect(address)).await {
        Ok(Ok(stream)) if is_self(&stream) => Err(ProbeResult::Refused),
        Ok(Ok(stream)) => {
            // Small messages must not wait for others; without it they only come later.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Err(ProbeResult::Refused)
        }
        Ok(Err(_)) | Err(_) => Err(ProbeResult::Silent),
    }
}

/// TCP lets a socket connect to itself where nobody listens on a port that is free to be given out.
fn is_self(stream: &TcpStream) -> bool {
    matches!((stream.local_addr(), stream.peer_addr()), (Ok(here), Ok(there)) if here == there)
}

/// An HTTP/2 connection of its own, with windows that small messages cannot fill.
pub(crate) async fn channel(peers: &Peers, address: &str) -> Result<Channel, ProbeResult> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|_| ProbeResult::Silent)?
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
    let mut stream = Some(TokioIo::new(tcp(peers, address).await?));
    // The connection is used once; when it breaks, the stream ends and the protocol dials anew.
    let connector = tower::service_fn(move |_| {
        let stream = stream.take().ok_or(io::Error::from(io::ErrorKind::NotConnected));
        async move { stream }
    });
    endpoint.connect_with_connector(connector).await.map_err(|_| ProbeResult::Answered)
}
