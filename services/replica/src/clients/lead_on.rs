//! A primary that goes leads its clients on: behind its handover it passes their requests to its
//! successor, unread.
//!
//! A Service takes a moment to follow: kube-proxy changes its rules at most once a second. Whoever knows
//! the Service only is sent here meanwhile, and would be turned away until then.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::watch;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::NamedService;
use tonic::transport::{Channel, Endpoint};

use super::refusal::Refusal;
use crate::driver::View;

/// Marks a request that was led on: nobody leads it on once more.
const LED_ON: &str = "understudy-led-on";
/// How long it may take to connect to the successor.
const CONNECT: Duration = Duration::from_millis(500);

type Request = http::Request<Body>;
type Response = http::Response<Body>;

/// Knows the successor, and holds the connection to it.
#[derive(Clone)]
pub(crate) struct Guide {
    view: watch::Receiver<Arc<View>>,
    way: Arc<Mutex<Option<(String, Channel)>>>,
}

impl Guide {
    pub fn new(view: watch::Receiver<Arc<View>>) -> Self {
        Guide { view, way: Arc::default() }
    }

    fn successor(&self) -> Option<String> {
        self.view.borrow().leads_to.clone()
    }

    /// `None` if the successor cannot be reached: then nothing has been sent.
    async fn way_to(&self, address: &str) -> Option<Channel> {
        let known = self.way.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, channel)) = known.filter(|(to, _)| to == address) {
            return Some(channel);
        }
        let endpoint = Endpoint::from_shared(format!("http://{address}")).ok()?;
        let endpoint = endpoint.tcp_nodelay(true).connect_timeout(CONNECT);
        let channel = endpoint.connect().await.ok()?;
        self.take(Some((address.to_owned(), channel.clone())));
        Some(channel)
    }

    fn take(&self, way: Option<(String, Channel)>) {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = way;
    }

    async fn pass(&self, mut channel: Channel, mut request: Request) -> Response {
        request.headers_mut().insert(LED_ON, http::HeaderValue::from_static("1"));
        let sent = match poll_fn(|context| channel.poll_ready(context)).await {
            Ok(()) => channel.call(request).await,
            Err(error) => Err(error),
        };
        sent.unwrap_or_else(|_| {
            self.take(None);
            let why = "the connection to the new primary broke";
            tonic::Status::from(Refusal::outcome_unknown(why)).into_http()
        })
    }
}

/// A service whose requests are led on while the replica stays behind its handover.
#[derive(Clone)]
pub(crate) struct LeadOn<S> {
    inner: S,
    guide: Guide,
}

impl<S> LeadOn<S> {
    pub fn new(inner: S, guide: &Guide) -> Self {
        LeadOn { inner, guide: guide.clone() }
    }
}

impl<S: NamedService> NamedService for LeadOn<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request> for LeadOn<S>
where
    S: Service<
            Request,
            Response = Response,
            Error = Infallible,
            Future = BoxFuture<Response, Infallible>,
        > + Clone
        + Send
        + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<Response, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let successor = self.guide.successor();
        let Some(address) = successor.filter(|_| !request.headers().contains_key(LED_ON)) else {
            return self.inner.call(request);
        };
        // The one that was found ready serves; its clone has to be asked anew.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let guide = self.guide.clone();
        Box::pin(async move {
            match guide.way_to(&address).await {
                Some(channel) => Ok(guide.pass(channel, request).await),
                None => inner.call(request).await,
            }
        })
    }
}
