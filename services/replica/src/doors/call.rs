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
use super::incoming::Incoming;
use super::outgoing::Outgoing;
use super::visit::Caller;

/// What a call takes beside its messages: its task, its stream, its headers.
const CALL: usize = 8 << 10;

/// A call under way; over when its last clone is dropped.
#[derive(Clone)]
pub(crate) struct Underway(Arc<Charge>);

struct Charge {
    account: Account,
    held: Mutex<Vec<Held>>,
}

impl Underway {
    /// A new one.
    pub fn of(account: &Account) -> Self {
        account.begin_call(CALL);
        Underway(Arc::new(Charge { account: account.clone(), held: Mutex::default() }))
    }

    /// A call that came over no connection.
    pub fn alone() -> Self {
        Underway::of(&Budget::new("none", usize::MAX, 0).open())
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
        self.account.end_call(CALL);
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
        let caller = request.extensions().get::<Caller>();
        let call = caller.map_or_else(Underway::alone, |caller| Underway::of(caller.account()));
        request.extensions_mut().insert(call.clone());
        let longest = self.longest;
        let request = request.map(|body| Body::new(Incoming::new(body, call.clone(), longest)));
        Answering { inner: self.inner.call(request), call: Some(call) }
    }
}

pin_project! {
    /// A call that is to be answered.
    pub(crate) struct Answering<F> {
        #[pin]
        inner: F,
        call: Option<Underway>,
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
        let call = answering.call.take().unwrap_or_else(Underway::alone);
        Poll::Ready(response.map(|response| response.map(|body| Outgoing::new(body, call))))
    }
}
