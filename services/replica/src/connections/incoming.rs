//! What a client sends in a call. A message is handed on when it is whole: what it announces reserves nothing, and
//! what has come of it counts. A long one waits for its turn before it is read.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::PollSemaphore;
use tonic::Status;
use tonic::body::Body;

use super::account::{Account, Held};
use super::call::ActiveCall;
use crate::refusal::Refusal;

/// Bytes before a message: whether it is compressed, and its length.
pub(super) const PREFIX: usize = 5;
/// Bytes of a block. A long message grows block by block, and is not moved as a whole.
const BLOCK: usize = 64 << 10;
/// Bytes to come of a message that waits for no turn.
const SHORT: usize = 16 << 10;

/// The body of a request.
pub(super) struct Incoming {
    inner: Body,
    call: ActiveCall,
    messages: Messages,
    /// Whole messages, in blocks.
    whole: VecDeque<Bytes>,
    /// Of a message that is not whole: full blocks, and the last one.
    begun: VecDeque<Bytes>,
    last: BytesMut,
    held: Option<Held>,
    /// Where a long one waits.
    turns: Option<PollSemaphore>,
    turn: Option<OwnedSemaphorePermit>,
    /// What comes after the bytes that were handed on last.
    trailers: Option<Frame<Bytes>>,
}

/// Where messages begin and end.
struct Messages {
    prefix: [u8; PREFIX],
    have: usize,
    left: usize,
    longest: usize,
    /// These are no messages, or one is too long: the decoder says so.
    refused: bool,
}

impl Messages {
    /// Takes note of bytes; gives how many of them may be handed on: up to the end of a message.
    fn read(&mut self, bytes: &[u8]) -> usize {
        let (mut at, mut whole) = (0, 0);
        while at < bytes.len() && !self.refused {
            let rest = &bytes[at..];
            if self.left > 0 {
                let count = rest.len().min(self.left);
                self.left -= count;
                at += count;
            } else {
                let count = rest.len().min(PREFIX - self.have);
                self.prefix[self.have..self.have + count].copy_from_slice(&rest[..count]);
                self.have += count;
                at += count;
                if self.have == PREFIX {
                    let [compressed, length @ ..] = self.prefix;
                    (self.have, self.left) = (0, u32::from_be_bytes(length) as usize);
                    self.refused = compressed > 1 || self.left > self.longest;
                }
            }
            if self.left == 0 && self.have == 0 {
                whole = at;
            }
        }
        if self.refused { bytes.len() } else { whole }
    }
}

impl Incoming {
    pub fn new(inner: Body, call: ActiveCall, longest: usize) -> Self {
        let messages = Messages { prefix: [0; PREFIX], have: 0, left: 0, longest, refused: false };
        Incoming {
            inner,
            call,
            messages,
            whole: VecDeque::new(),
            begun: VecDeque::new(),
            last: BytesMut::new(),
            held: None,
            turns: None,
            turn: None,
            trailers: None,
        }
    }

    /// Whether a message that is long has its turn.
    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let left = self.messages.left;
        if self.turn.is_some() || left <= SHORT || self.messages.refused {
            return Poll::Ready(Ok(()));
        }
        let arriving = self.call.account().arriving();
        let turns = self.turns.get_or_insert_with(|| PollSemaphore::new(arriving.clone()));
        match ready!(turns.poll_acquire_many(context, Account::units(left))) {
            Some(turn) => {
                self.turn = Some(turn);
                Poll::Ready(Ok(()))
            }
            None => Poll::Ready(Err(Refusal::over("the connection is over").into())),
        }
    }

    /// Whether nothing has come of a message that is not whole.
    fn is_between(&self) -> bool {
        self.begun.is_empty() && self.last.is_empty()
    }

    /// What has begun is whole now, or never will be.
    fn complete(&mut self) {
        (self.turn, self.held) = (None, None);
        self.whole.append(&mut self.begun);
        if !self.last.is_empty() {
            self.whole.push_back(std::mem::take(&mut self.last).freeze());
        }
    }

    /// Takes bytes of a message that is not whole.
    fn keep(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.last.is_empty() && !self.begun.is_empty() {
                self.last.reserve(BLOCK);
            }
            let count = bytes.len().min(BLOCK - self.last.len());
            self.last.extend_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            if self.last.len() == BLOCK {
                self.begun.push_back(std::mem::take(&mut self.last).freeze());
            }
        }
    }

    /// Bytes have come.
    fn take(&mut self, mut bytes: Bytes) {
        let whole = bytes.split_to(self.messages.read(&bytes));
        if !whole.is_empty() && self.is_between() {
            self.whole.push_back(whole);
        } else if !whole.is_empty() {
            self.keep(&whole);
            self.complete();
        }
        if !bytes.is_empty() {
            let account = self.call.account();
            self.held.get_or_insert_with(|| account.hold(0)).grow(bytes.len());
            self.keep(&bytes);
        }
    }
}

impl http_body::Body for Incoming {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        loop {
            if let Some(bytes) = self.whole.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if let Some(trailers) = self.trailers.take() {
                return Poll::Ready(Some(Ok(trailers)));
            }
            if let Err(over) = ready!(self.poll_turn(context)) {
                return Poll::Ready(Some(Err(over)));
            }
            match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => {
                        self.call.account().taken(bytes.len());
                        self.take(bytes);
                    }
                    Err(trailers) => {
                        self.complete();
                        self.trailers = Some(trailers);
                    }
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None if self.is_between() => return Poll::Ready(None),
                None => self.complete(),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let handed_on = self.whole.is_empty() && self.trailers.is_none();
        handed_on && self.is_between() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::connections::Budget;
    use crate::connections::chunks::{Chunks, next};

    const LONGEST: usize = 8 << 20;

    fn message(bytes: usize) -> Vec<u8> {
        [&[0][..], &(bytes as u32).to_be_bytes(), &vec![7; bytes]].concat()
    }

    fn incoming(account: &Account, chunks: &[&[u8]]) -> Incoming {
        let chunks = Chunks::then_silence(chunks.iter().map(|chunk| Bytes::copy_from_slice(chunk)));
        Incoming::new(Body::new(chunks), ActiveCall::of(account), LONGEST)
    }

    #[test]
    fn a_message_is_handed_on_when_it_is_whole_however_it_comes() {
        let account = Budget::new("clients", usize::MAX, 1 << 20).open();
        let sent = [message(10), message(0), message(300)].concat();
        for size in [1, 4, 5, 6, 14, 15, 16, 20, sent.len()] {
            let mut body = incoming(&account, &sent.chunks(size).collect::<Vec<_>>());
            let handed_on: Vec<Bytes> = std::iter::from_fn(|| next(&mut body)).collect();
            assert_eq!(handed_on.concat(), sent, "in chunks of {size}");
            let mut end = 0;
            for bytes in &handed_on {
                end += bytes.len();
                assert!([15, 20, 325].contains(&end), "{end} is within a message");
            }
        }
    }

    #[test]
    fn a_message_does_not_wait_for_the_next_one() {
        let account = Budget::new("clients", usize::MAX, 1 << 20).open();
        let (first, second) = (message(10), message(20));
        let mut body = incoming(&account, &[&[&first[..], &second[..7]].concat(), &second[7..]]);
        assert_eq!(next(&mut body).as_deref(), Some(&first[..]));
        assert_eq!(next(&mut body).as_deref(), Some(&second[..]));
    }

    #[test]
    fn what_is_announced_reserves_nothing() {
        let budget = Budget::new("clients", usize::MAX, 1 << 20);
        let account = budget.open();
        let mut body = incoming(&account, &[&message(4 << 20)[..10]]);
        let before = budget.used();
        assert!(next(&mut body).is_none());
        assert_eq!(budget.used() - before, 10);
        assert!(body.last.capacity() < 1 << 10);
    }

    #[test]
    fn a_long_message_waits_until_others_of_its_connection_are_whole() {
        let account = Budget::new("clients", usize::MAX, 1 << 20).open();
        let long = message(6 << 20);
        let (most, rest) = long.split_at(5 << 20);
        let mut first = incoming(&account, &[most, rest]);
        let mut second = incoming(&account, &[most, rest]);
        let mut short = incoming(&account, &[&message(100)]);
        let mut context = Context::from_waker(Waker::noop());
        first.messages.read(&most[..PREFIX]);
        assert!(first.poll_turn(&mut context).is_ready());
        second.messages.read(&most[..PREFIX]);
        assert!(second.poll_turn(&mut context).is_pending());
        assert!(next(&mut short).is_some(), "a short one waits for nobody");
        drop(first);
        assert!(second.poll_turn(&mut context).is_ready());
    }

    #[test]
    fn what_is_too_long_or_no_message_is_for_the_decoder_to_refuse() {
        let account = Budget::new("clients", usize::MAX, 1 << 20).open();
        for sent in [&message(LONGEST + 1)[..20], b"GET / HTTP/1.1\r\n"] {
            let mut body = incoming(&account, &[sent]);
            assert_eq!(next(&mut body).as_deref(), Some(sent));
        }
    }
}
