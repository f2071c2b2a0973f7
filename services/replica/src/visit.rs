//! One client's connection, which can be closed from within a call that came over it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

/// From a call's answer to the end of its connection: the answer must be out by then.
const FAREWELL: Duration = Duration::from_millis(50);

/// A connection.
pub(crate) struct Visit {
    stream: TcpStream,
    caller: Caller,
    end: Pin<Box<WaitForCancellationFutureOwned>>,
}

/// Whose call it is: among the extensions of each request.
#[derive(Clone, Default)]
pub(crate) struct Caller(CancellationToken);

impl Caller {
    /// Closes the connection, soon.
    pub fn send_away(&self) {
        let end = self.0.clone();
        tokio::spawn(async move {
            tokio::time::sleep(FAREWELL).await;
            end.cancel();
        });
    }
}

impl Visit {
    pub fn new(stream: TcpStream) -> Self {
        let caller = Caller::default();
        let end = Box::pin(caller.0.clone().cancelled_owned());
        Visit { stream, caller, end }
    }
}

impl Connected for Visit {
    type ConnectInfo = Caller;

    fn connect_info(&self) -> Caller {
        self.caller.clone()
    }
}

impl AsyncRead for Visit {
    /// Nothing more to read ends a connection as if the client had.
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Visit {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
