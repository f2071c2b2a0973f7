//! One call, as far as it takes memory: from its headers to the last byte of its answer.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tower::Layer;

use super::account::{Account, Held};
use super::budget::Budget;
use super::connection::Caller;
use super::incoming::Incoming;
use super::outgoing::Outgoing;
use super::streamed;

/// What a call takes besides its messages and headers: its task, its stream.
const CALL: usize = 6 << 10;
/// What a header takes besides its name and value.
const HEADER: usize = 256;

/// A call under way; over when its last clone is dropped.
#[derive(Clone)]
pub(crate) struct ActiveCall(Arc<Charge>);

struct Charge {
    account: Account,
    /// What the call takes besides its messages.
    bytes: usize,
    held: Mutex<Vec<Held>>,
}

impl ActiveCall {
    /// A new one, which takes `bytes` besides its messages.
    pub fn new(account: &Account, bytes: usize) -> Self {
        account.begin_call(bytes);
        ActiveCall(Arc::new(Charge { account: account.clone(), bytes, held: Mutex::default() }))
    }

    /// A call without headers.
    #[cfg(test)]
    pub fn of(account: &Account) -> Self {
        ActiveCall::new(account, CALL)
    }

    /// A call that came over no connection.
    pub fn alone() -> Self {
        ActiveCall::new(&Budget::new("none", usize::MAX, 0).open(), 0)
    }

    /// Keeps what it holds for as long as it is under way.
    pub fn keep(&self, held: Held) {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner).push(held);
    }

    /// What its connection may have.
    pub fn account(&self) -> &Account {
        &self.0.account
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.end_call(self.bytes);
    }
}

/// Counts the calls of a port, and what they receive and send.
#[derive(Clone, Copy)]
pub(crate) struct Counting {
    /// Bytes of a message, at most: one that announces more is refused where it is decoded.
    pub longest: usize,
}

/// A service whose calls are counted.
#[derive(Clone)]
pub(crate) struct Counted<S> {
    inner: S,
    longest: usize,
}

impl<S> Layer<S> for Counting {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, longest: self.longest }
    }
}

impl<S> Service<http::Request<Body>> for Counted<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
{
    type Response = http::Response<Outgoing>;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let bytes = CALL + weight(request.headers());
        let caller = request.extensions_mut().get_mut::<Caller>();
        let call = caller.map_or_else(ActiveCall::alone, |caller| caller.begin(bytes));
        let longest = self.longest;
        let request = request.map(|body| Body::new(Incoming::new(body, call.clone(), longest)));
        Answering { inner: self.inner.call(request), call: Some(call) }
    }
}

/// What headers take, bytes.
fn weight(headers: &http::HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + HEADER).sum()
}

pin_project! {
    /// A call that is to be answered.
    pub(crate) struct Answering<F> {
        #[pin]
        inner: F,
        call: Option<ActiveCall>,
    }
}

impl<F, E> Future for Answering<F>
where
    F: Future<Output = Result<http::Response<Body>, E>>,
{
    type Output = Result<http::Response<Outgoing>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answering = self.project();
        let response = ready!(answering.inner.poll(context));
        let call = answering.call.take().unwrap_or_else(ActiveCall::alone);
        Poll::Ready(response.map(|mut response| {
            let streamed = streamed::body(response.extensions_mut());
            response.map(|body| Outgoing::new(streamed.unwrap_or(body), call))
        }))
    }
}
