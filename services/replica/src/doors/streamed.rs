//! An answer of many messages, each of which is encoded into bytes of its own.
//!
//! tonic encodes all messages of a call into one buffer, which grows to the longest one and lasts as long as the
//! call: 300 watches that were told of a value of 1 MiB took 600 MiB from then on, though all was read.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, Empty};
use futures_util::{Stream, StreamExt};
use http_body::{Frame, SizeHint};
use prost::Message;
use tonic::body::Body;
use tonic::codegen::http::{Extensions, HeaderMap};
use tonic::{Response, Status};

/// Bytes before a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// Encoded messages, and how they end.
type Messages = BoxStream<'static, Result<Bytes, Status>>;

/// The same, on its way from a service to [`super::call`], among a response's extensions.
#[derive(Clone)]
struct Streamed(Arc<Mutex<Option<Messages>>>);

/// The answer that `messages` are. What tonic is told of is empty.
pub(crate) fn streamed<M: Message + 'static>(
    messages: impl Stream<Item = Result<M, Status>> + Send + 'static,
) -> Response<Empty<Result<M, Status>>> {
    let encoded = messages.map(|message| message.and_then(|message| encoded(&message))).boxed();
    let mut response = Response::new(stream::empty());
    response.extensions_mut().insert(Streamed(Arc::new(Mutex::new(Some(encoded)))));
    response
}

/// A message with its prefix.
fn encoded(message: &impl Message) -> Result<Bytes, Status> {
    let length = message.encoded_len();
    let announced = u32::try_from(length)
        .map_err(|_| Status::resource_exhausted(format!("an answer of {length} bytes")))?;
    let mut bytes = BytesMut::with_capacity(PREFIX + length);
    bytes.put_u8(0);
    bytes.put_u32(announced);
    message.encode_raw(&mut bytes);
    Ok(bytes.freeze())
}

/// The body of a response that was made by [`streamed`].
pub(super) fn body(extensions: &mut Extensions) -> Option<Body> {
    let Streamed(messages) = extensions.remove()?;
    let messages = messages.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    Some(Body::new(Encoded { messages: Some(messages) }))
}

struct Encoded {
    /// `None`: the trailers are given.
    messages: Option<Messages>,
}

impl http_body::Body for Encoded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(messages) = &mut self.messages else { return Poll::Ready(None) };
        let end = match ready!(messages.poll_next_unpin(context)) {
            Some(Ok(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Err(end)) => end,
            None => Status::ok(""),
        };
        self.messages = None;
        let mut trailers = HeaderMap::new();
        let told = end.add_header(&mut trailers);
        Poll::Ready(Some(told.map(|()| Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.messages.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body::Body as _;
    use understudy_proto::kv::v1::WatchResponse;

    use super::*;

    fn response(messages: Vec<Result<WatchResponse, Status>>) -> Body {
        let (_, _, mut extensions) = streamed(stream::iter(messages)).into_parts();
        body(&mut extensions).unwrap()
    }

    fn frame(body: &mut Body) -> Option<Frame<Bytes>> {
        let mut context = Context::from_waker(Waker::noop());
        match Pin::new(body).poll_frame(&mut context) {
            Poll::Ready(frame) => frame.map(Result::unwrap),
            Poll::Pending => panic!("pending"),
        }
    }

    #[test]
    fn each_message_has_its_prefix_and_bytes_of_its_own() {
        let message = WatchResponse { cursor: "c".repeat(300), ..WatchResponse::default() };
        let mut body = response(vec![Ok(message.clone()), Ok(WatchResponse::default())]);
        let first = frame(&mut body).unwrap().into_data().unwrap();
        assert_eq!(first[..PREFIX], [0, 0, 0, 1, 47]);
        assert_eq!(WatchResponse::decode(&first[PREFIX..]), Ok(message));
        assert!(first.is_unique(), "nobody else keeps it");
        assert_eq!(frame(&mut body).unwrap().into_data().unwrap()[..], [0; PREFIX]);
        let trailers = frame(&mut body).unwrap().into_trailers().unwrap();
        assert_eq!(trailers["grpc-status"], "0");
        assert!(frame(&mut body).is_none());
    }

    #[test]
    fn an_error_ends_it() {
        let end = Status::unavailable("not primary");
        let mut body = response(vec![Ok(WatchResponse::default()), Err(end)]);
        assert!(frame(&mut body).unwrap().is_data());
        let trailers = frame(&mut body).unwrap().into_trailers().unwrap();
        assert_eq!(trailers["grpc-status"], "14");
        assert_eq!(trailers["grpc-message"], "not%20primary");
        assert!(frame(&mut body).is_none());
    }
}
