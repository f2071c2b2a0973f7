//! An answer of many messages, each of which is encoded into bytes of its own.
//!
//! tonic encodes all messages of a call into one buffer, which grows to the longest one and lasts as long as the
//! call: 300 watches whose clients had read a value of 1 MiB each took 600 MiB from then on.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, Empty};
use futures_util::{Stream, StreamExt};
use http_body::Frame;
use http_body_util::StreamBody;
use prost::Message;
use tonic::body::Body;
use tonic::codegen::http::{Extensions, HeaderMap};
use tonic::{Response, Status};

use super::incoming::PREFIX;
use crate::refusal::Refusal;

/// Encoded messages, and the trailers that end them.
type Frames = BoxStream<'static, Result<Frame<Bytes>, Status>>;

/// The same, on their way from a service to [`super::call`], among a response's extensions.
#[derive(Clone)]
struct Streamed(Arc<Mutex<Option<Frames>>>);

/// An answer of `messages`. tonic sees an empty one.
pub(crate) fn streamed<M: Message + 'static>(
    messages: impl Stream<Item = Result<M, Status>> + Send + 'static,
) -> Response<Empty<Result<M, Status>>> {
    let frames = stream::unfold(Some(Box::pin(messages)), |messages| async {
        let mut messages = messages?;
        match messages.next().await.map(|message| message.and_then(|message| encoded(&message))) {
            Some(Ok(bytes)) => Some((Ok(Frame::data(bytes)), Some(messages))),
            Some(Err(end)) => Some((trailers(&end), None)),
            None => Some((trailers(&Status::ok("")), None)),
        }
    });
    let mut response = Response::new(stream::empty());
    response.extensions_mut().insert(Streamed(Arc::new(Mutex::new(Some(frames.boxed())))));
    response
}

/// A message with its prefix.
fn encoded(message: &impl Message) -> Result<Bytes, Status> {
    let length = message.encoded_len();
    let announced = u32::try_from(length).map_err(|_| Refusal::too_long(length))?;
    let mut bytes = BytesMut::with_capacity(PREFIX + length);
    bytes.put_u8(0);
    bytes.put_u32(announced);
    message.encode_raw(&mut bytes);
    Ok(bytes.freeze())
}

fn trailers(end: &Status) -> Result<Frame<Bytes>, Status> {
    let mut trailers = HeaderMap::new();
    end.add_header(&mut trailers)?;
    Ok(Frame::trailers(trailers))
}

/// The body of a response that was made by [`streamed`].
pub(super) fn body(extensions: &mut Extensions) -> Option<Body> {
    let Streamed(frames) = extensions.remove()?;
    let frames = frames.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    Some(Body::new(StreamBody::new(frames)))
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

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
        let end = Refusal::over("not primary").into();
        let mut body = response(vec![Ok(WatchResponse::default()), Err(end)]);
        assert!(frame(&mut body).unwrap().is_data());
        let trailers = frame(&mut body).unwrap().into_trailers().unwrap();
        assert_eq!(trailers["grpc-status"], "14");
        assert_eq!(trailers["grpc-message"], "not%20primary");
        assert!(frame(&mut body).is_none());
    }
}
