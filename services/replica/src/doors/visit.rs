//! One client's connection: it is closed when its client dawdles, when it must make room, or from within a call
//! that came over it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

use super::account::Account;
use super::frames::Frames;
use super::lobby::Guest;

/// From a call's answer to the end of its connection: the answer must be out by then.
const FAREWELL: Duration = Duration::from_millis(50);
/// How long a client may take for its greeting, and for the headers of a call.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes that are read before other connections have their turn.
const TURN: usize = 64 << 10;

/// A connection.
pub(crate) struct Visit {
    stream: TcpStream,
    caller: Caller,
    guest: Guest,
    frames: Frames,
    /// Bytes read in this turn.
    turn: usize,
    /// When what has begun must have come to its end, and how much had by then.
    due: Option<(u64, Pin<Box<Sleep>>)>,
    /// No more is read, or it is over at once; and who is told of it.
    farewell: Pin<Box<WaitForCancellationFutureOwned>>,
    told: Option<Waker>,
}

/// Whose call it is: among the extensions of each request.
#[derive(Clone)]
pub(crate) struct Caller {
    farewell: CancellationToken,
    /// The same, for whoever only looks.
    sent_away: Arc<AtomicBool>,
    account: Account,
}

impl Caller {
    /// Closes the connection, soon.
    pub fn send_away(&self) {
        let caller = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(FAREWELL).await;
            caller.sent_away.store(true, Ordering::Relaxed);
            caller.farewell.cancel();
        });
    }

    /// What the connection may have.
    pub fn account(&self) -> &Account {
        &self.account
    }
}

impl Visit {
    pub fn new(stream: TcpStream, guest: Guest) -> Self {
        let account = guest.account().clone();
        let farewell = account.ended().child_token();
        let caller = Caller { farewell, sent_away: Arc::default(), account };
        let farewell = Box::pin(caller.farewell.clone().cancelled_owned());
        let due = Some((0, Box::pin(sleep_until(Instant::now() + PATIENCE))));
        let frames = Frames::default();
        Visit { stream, caller, guest, frames, turn: 0, due, farewell, told: None }
    }

    /// What its stream said, unless it has to go at once. What waits to be sent goes with it, in the kernel, too.
    fn unless_over<T>(
        &mut self,
        context: &mut Context<'_>,
        said: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let is_told = |told: &Waker| told.will_wake(context.waker());
        if said.is_pending() && !self.told.as_ref().is_some_and(is_told) {
            // To be told when it is over. Once is enough.
            let _ = self.farewell.as_mut().poll(context);
            self.told = Some(context.waker().clone());
        }
        if !self.caller.account.has_ended() {
            return said;
        }
        let _ = self.stream.set_zero_linger();
        Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "it had to make room")))
    }

    /// Takes note of what was read, and of what has thereby begun.
    fn note(&mut self, bytes: &[u8]) {
        let payload = self.frames.read(bytes);
        if payload > 0 {
            self.caller.account.arrived(payload);
        }
        if self.frames.has_greeted() {
            self.guest.greet();
        }
        let whole = self.frames.whole();
        match (&self.due, self.frames.is_within()) {
            (_, false) => self.due = None,
            (Some((since, _)), true) if *since == whole => {}
            (_, true) => {
                self.due = Some((whole, Box::pin(sleep_until(Instant::now() + PATIENCE))));
            }
        }
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
        if self.caller.sent_away.load(Ordering::Relaxed) {
            return self.unless_over(context, Poll::Ready(Ok(())));
        }
        if self.turn >= TURN {
            self.turn = 0;
            context.waker().wake_by_ref();
            return self.unless_over(context, Poll::Pending);
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_pending() {
            self.turn = 0;
        }
        if read.is_ready() {
            let bytes = &buffer.filled()[before..];
            self.turn += bytes.len();
            self.note(bytes);
        } else if let Some((_, due)) = &mut self.due
            && due.as_mut().poll(context).is_ready()
        {
            self.caller.account.end();
        }
        let read = self.unless_over(context, read);
        match read.is_pending() && self.caller.sent_away.load(Ordering::Relaxed) {
            true => Poll::Ready(Ok(())),
            false => read,
        }
    }
}

impl AsyncWrite for Visit {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.unless_over(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.unless_over(context, written)
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
