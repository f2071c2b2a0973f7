//! One replication stream as the loop and its reader see it.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Status, Streaming};
use understudy_protocol::{ConnId, Event, Message};

use crate::inbox::{Input, Outlet};
use crate::wire::Undecodable;

/// Messages on their way to a peer. The protocol bounds the bytes in flight; a peer that lets this
/// many messages pile up is no peer.
const MESSAGES: usize = 1024;
/// How long a stream that is closed here may take to end there.
const LINGER: Duration = Duration::from_secs(1);

/// Where the loop puts a stream's messages. Dropping it ends the stream after them.
pub(crate) struct Outbox {
    messages: mpsc::Sender<Result<Message, Status>>,
    _reader: DropGuard,
}

/// The other end: what the socket's task sends.
pub(crate) type Outgoing = mpsc::Receiver<Result<Message, Status>>;

/// What reads a stream.
pub(crate) struct Reader {
    conn: ConnId,
    outlet: Outlet,
    closed: CancellationToken,
    answer: mpsc::WeakSender<Result<Message, Status>>,
}

/// The three parts of a stream.
pub(crate) fn stream(conn: ConnId, outlet: Outlet) -> (Outbox, Outgoing, Reader) {
    let (messages, outgoing) = mpsc::channel(MESSAGES);
    let closed = CancellationToken::new();
    let answer = messages.downgrade();
    let outbox = Outbox { messages, _reader: closed.clone().drop_guard() };
    (outbox, outgoing, Reader { conn, outlet, closed, answer })
}

impl Reader {
    /// Gives the loop what arrives until either side ends the stream.
    pub async fn run<M>(
        self,
        mut incoming: Streaming<M>,
        decode: impl Fn(M) -> Result<Message, Undecodable>,
    ) {
        let Reader { conn, outlet, closed, answer } = self;
        let read = async {
            while let Ok(Some(message)) = incoming.message().await {
                match decode(message) {
                    Ok(message) => post(&outlet, Event::Received(conn, message)).await,
                    Err(why) => {
                        if let Some(answer) = answer.upgrade() {
                            let _ = answer.try_send(Err(why.into()));
                        }
                        let _ = outlet.send(Input::Undecodable(conn, why)).await;
                        break;
                    }
                }
            }
        };
        if unless(&closed, read).await {
            post(&outlet, Event::Closed(conn)).await;
        } else {
            // What was sent still has to leave: wait for the other side to hang up.
            let drain = async { while let Ok(Some(_)) = incoming.message().await {} };
            let _ = tokio::time::timeout(LINGER, drain).await;
        }
    }
}

/// Whether `work` came to its end before `closed`.
async fn unless(closed: &CancellationToken, work: impl Future<Output = ()>) -> bool {
    tokio::select! {
        () = closed.cancelled() => false,
        () = work => true,
    }
}

/// A loop that is gone needs no event.
pub(crate) async fn post(outlet: &Outlet, event: Event) {
    let _ = outlet.send(Input::Event(event)).await;
}

/// The streams that the loop knows.
#[derive(Default)]
pub(crate) struct Streams {
    open: HashMap<ConnId, Outbox>,
}

impl Streams {
    pub fn insert(&mut self, conn: ConnId, outbox: Outbox) {
        self.open.insert(conn, outbox);
    }

    pub fn is_open(&self, conn: ConnId) -> bool {
        self.open.contains_key(&conn)
    }

    /// Ends a stream after what was sent on it.
    pub fn close(&mut self, conn: ConnId) -> bool {
        self.open.remove(&conn).is_some()
    }

    /// Puts a message on a stream. `false`: the stream has ended because its peer takes nothing.
    pub fn send(&mut self, conn: ConnId, message: Message) -> bool {
        let Some(outbox) = self.open.get(&conn) else { return true };
        match outbox.messages.try_send(Ok(message)) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.close(conn);
                false
            }
        }
    }
}
