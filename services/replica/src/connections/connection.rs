//! One client's connection: it is closed when its client is too slow, when it must make room, or from within a call
//! that came over it.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

use super::account::Account;
use super::call::ActiveCall;
use super::frames::{Found, Frames};
use super::table::Registration;
use super::turns::{Classifier, Load, SAMPLE, Turn};

/// From a call's answer to the end of its connection: the answer must be out by then.
const FAREWELL: Duration = Duration::from_millis(50);
/// How long a client may take for its greeting, and for the headers of a call.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What is done before other connections have their turn, in bytes of payload.
const TURN: usize = 64 << 10;

/// A connection.
pub(crate) struct Connection {
    stream: TcpStream,
    shared: Arc<Shared>,
    registration: Registration,
    frames: Frames,
    /// What was done in this turn.
    turn: usize,
    classifier: Classifier,
    /// Its turn to read, if its bytes make much work.
    dense: Turn,
    heavy: Turn,
    /// There was more to read than it read last.
    more: bool,
    /// When it read what is worked off now.
    sipped: Option<std::time::Instant>,
    /// When what has begun must have come to its end, and how much had by then.
    due: Option<(u64, Pin<Box<Sleep>>)>,
    /// No more is read, or it is over at once; and who is told about it.
    farewell: Pin<Box<WaitForCancellationFutureOwned>>,
    told: Option<Waker>,
}

/// Whose call it is, and the call, once it is counted: among the extensions of each request.
#[derive(Clone)]
pub(crate) struct Caller {
    shared: Arc<Shared>,
    call: Option<ActiveCall>,
}

/// A connection, as its calls know it.
struct Shared {
    farewell: CancellationToken,
    /// The same as a flag, to look at without waiting.
    sent_away: AtomicBool,
    account: Account,
}

impl Caller {
    /// Closes the connection, soon.
    pub fn send_away(&self) {
        let shared = self.shared.clone();
        tokio::spawn(async move {
            tokio::time::sleep(FAREWELL).await;
            shared.sent_away.store(true, Ordering::Relaxed);
            shared.farewell.cancel();
        });
    }

    /// Counts a call, which takes `bytes` besides its messages.
    pub(super) fn begin(&mut self, bytes: usize) -> ActiveCall {
        self.call.insert(ActiveCall::new(&self.shared.account, bytes)).clone()
    }

    /// The call, if it was counted.
    pub fn call(&self) -> Option<&ActiveCall> {
        self.call.as_ref()
    }
}

impl Connection {
    pub fn new(stream: TcpStream, registration: Registration) -> Self {
        let account = registration.account().clone();
        let farewell = account.ended().child_token();
        let told = Box::pin(farewell.clone().cancelled_owned());
        let sent_away = AtomicBool::new(false);
        let shared = Arc::new(Shared { farewell, sent_away, account });
        let due = Some((0, Box::pin(sleep_until(Instant::now() + PATIENCE))));
        let frames = Frames::default();
        let (dense, heavy) = (registration.turns().of_dense(), registration.turns().of_heavy());
        Connection {
            stream,
            shared,
            registration,
            frames,
            turn: 0,
            classifier: Classifier::new(std::time::Instant::now()),
            dense,
            heavy,
            more: false,
            sipped: None,
            due,
            farewell: told,
            told: None,
        }
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
        if !self.shared.account.has_ended() {
            return said;
        }
        let _ = self.stream.set_zero_linger();
        Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "it had to make room")))
    }

    /// Others have their turn: there is nothing to do.
    fn yield_turn(&mut self) {
        drop(self.heavy.take());
        self.end_turn();
    }

    fn end_turn(&mut self) {
        self.turn = 0;
        self.worked_off();
        if let Some(turn) = self.dense.take() {
            self.registration.turns().leave(turn);
        }
    }

    /// What was read last is done with.
    fn worked_off(&mut self) {
        if let Some(since) = self.sipped.take() {
            self.registration.turns().took(since.elapsed());
        }
    }

    /// What its stream said to bytes for it. One that waits to write is not read.
    fn written(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            self.yield_turn();
        }
        self.unless_over(context, written)
    }

    fn read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.worked_off();
        let now = std::time::Instant::now();
        let load = match (self.dense.waits(), self.heavy.waits()) {
            (true, _) => Load::Dense,
            (_, true) => Load::Heavy,
            _ => self.classifier.load(now),
        };
        match load {
            Load::Light => return Pin::new(&mut self.stream).poll_read(context, buffer),
            Load::Unknown => {}
            Load::Heavy if !self.more => {}
            Load::Heavy => {
                if ready!(self.heavy.poll(context)) {
                    self.classifier.begin(std::time::Instant::now());
                }
            }
            Load::Dense => {
                if ready!(self.dense.poll(context)) {
                    self.classifier.begin(std::time::Instant::now());
                }
                self.sipped = Some(std::time::Instant::now());
            }
        }
        let alone = load == Load::Heavy && !self.heavy.is_wanted();
        let most = if alone { 4 * SAMPLE } else { SAMPLE };
        let most = most.min(buffer.remaining());
        let mut sip = ReadBuf::new(buffer.initialize_unfilled_to(most));
        let read = Pin::new(&mut self.stream).poll_read(context, &mut sip);
        let bytes = sip.filled().len();
        buffer.advance(bytes);
        self.more = bytes == most;
        if self.more && load == Load::Heavy && !alone {
            // Others come first.
            self.turn = TURN;
        }
        read
    }

    /// Takes note of what was read, and of what has thereby begun.
    fn note(&mut self, bytes: &[u8]) {
        let Found { payload, work } = self.frames.read(bytes);
        self.turn += work;
        self.classifier.read(bytes.len(), work, std::time::Instant::now());
        if payload > 0 {
            self.shared.account.arrived(payload);
        }
        if self.frames.has_greeted() {
            self.registration.greet();
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

impl Connected for Connection {
    type ConnectInfo = Caller;

    fn connect_info(&self) -> Caller {
        Caller { shared: self.shared.clone(), call: None }
    }
}

impl AsyncRead for Connection {
    /// Nothing more to read ends a connection as if the client had.
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.shared.sent_away.load(Ordering::Relaxed) {
            return self.unless_over(context, Poll::Ready(Ok(())));
        }
        if self.turn >= TURN {
            self.end_turn();
            // It goes on once everybody else has, and sockets were looked at: waking it here would keep the thread
            // from both.
            let _ = pin!(tokio::task::yield_now()).poll(context);
            return self.unless_over(context, Poll::Pending);
        }
        if self.turn == 0 {
            // Not before: the next one would begin at once.
            drop(self.heavy.take());
        }
        let before = buffer.filled().len();
        let read = self.read(context, buffer);
        if read.is_pending() {
            self.yield_turn();
        }
        if read.is_ready() {
            let bytes = &buffer.filled()[before..];
            self.note(bytes);
        } else if let Some((_, due)) = &mut self.due
            && due.as_mut().poll(context).is_ready()
        {
            self.shared.account.end();
        }
        let read = self.unless_over(context, read);
        match read.is_pending() && self.shared.sent_away.load(Ordering::Relaxed) {
            true => Poll::Ready(Ok(())),
            false => read,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.written(context, written)
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
