//! What a client is sent in a call. The next message is encoded when what waits to be sent over its connection is
//! little enough; encoded, it counts until the kernel has it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};
use tonic::Status;
use tonic::body::Body;

use super::account::{Account, Held};
use super::call::ActiveCall;
use super::send_queue::{self, Position};

/// The body of a response.
pub(crate) struct Outgoing {
    inner: Body,
    call: ActiveCall,
    position: Position,
    /// When to ask again whether it is its turn.
    again: Option<Pin<Box<Sleep>>>,
}

/// Bytes of a message for which what the call takes by itself has room.
const SMALL: usize = 4 << 10;

/// Encoded bytes that wait to be sent.
struct Leaving {
    bytes: Bytes,
    account: Account,
    number: u64,
    _held: Held,
}

/// The same, a few of them: the call is under way until they are sent.
struct Little {
    bytes: Bytes,
    _call: ActiveCall,
}

impl AsRef<[u8]> for Little {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Outgoing {
    pub fn new(inner: Body, call: ActiveCall) -> Self {
        Outgoing { inner, call, position: Position::default(), again: None }
    }

    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.call.account().leaving().poll(context, &mut self.position).is_ready() {
                self.again = None;
                return Poll::Ready(());
            }
            let again = self.again.get_or_insert_with(|| Box::pin(sleep(send_queue::PATIENCE)));
            ready!(again.as_mut().poll(context));
            self.again = None;
        }
    }
}

impl Leaving {
    /// Bytes that count for their call until they are sent.
    fn counted(bytes: Bytes, call: &ActiveCall) -> Bytes {
        if bytes.len() <= SMALL {
            return Bytes::from_owner(Little { bytes, _call: call.clone() });
        }
        let account = call.account();
        let number = account.leaving().add(bytes.len());
        let held = account.hold(bytes.len());
        Bytes::from_owner(Leaving { bytes, account: account.clone(), number, _held: held })
    }
}

impl AsRef<[u8]> for Leaving {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.account.leaving().remove(self.number);
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        ready!(self.poll_turn(context));
        let Outgoing { inner, call, .. } = &mut *self;
        let frame = ready!(Pin::new(inner).poll_frame(context));
        Poll::Ready(
            frame.map(|frame| {
                frame.map(|frame| frame.map_data(|bytes| Leaving::counted(bytes, call)))
            }),
        )
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        let Outgoing { call, position, .. } = self;
        call.account().leaving().leave(position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::Budget;
    use crate::connections::chunks::{Chunks, next};

    #[tokio::test]
    async fn nothing_more_is_encoded_while_what_is_waits_to_be_sent() {
        let budget = Budget::new("clients", usize::MAX, 1 << 20);
        let account = budget.open();
        let body = || {
            let chunks = Chunks::then_silence((0..3).map(|_| Bytes::from(vec![7; 600 << 10])));
            Outgoing::new(Body::new(chunks), ActiveCall::of(&account))
        };
        let (mut one, mut other) = (body(), body());
        let before = budget.used();
        let sent = [next(&mut one), next(&mut one)];
        assert_eq!(budget.used() - before, 1200 << 10);
        assert!(next(&mut one).is_none() && next(&mut other).is_none());
        drop(sent);
        assert_eq!(budget.used(), before);
        assert!(next(&mut one).is_some(), "the first in line");
        assert!(next(&mut other).is_some());
    }
}
