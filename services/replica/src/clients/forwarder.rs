//! Clients that come to a replica that is not the primary: a Service takes a moment to follow the primary
//! (kube-proxy changes its rules at most once a second), and leads clients to the old one meanwhile.
//!
//! A leaving primary forwards: after its handover it passes their requests to its successor,
//! unread. Any other replica turns them away and closes their connection: over the one that it has, a
//! plain gRPC channel would come back to it for ever.

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

use crate::connections::Caller;
use crate::driver::View;
use crate::refusal::{Refusal, sends_away};

/// Marks a request that was forwarded: nobody forwards it once more.
const FORWARDED: &str = "understudy-led-on";
/// Marks a request of a client that finds the primary by itself. It is told where the successor is: when
/// this replica is gone, it must not be left with names that lead nowhere yet.
const FOLLOWS: &str = "understudy-follows";
/// How long it may take to connect to the successor.
const CONNECT: Duration = Duration::from_millis(500);

type Request = http::Request<Body>;
type Response = http::Response<Body>;

/// Knows the successor, and holds the connection to it.
#[derive(Clone)]
pub(crate) struct Forwarder {
    view: watch::Receiver<Arc<View>>,
    connection: Arc<Mutex<Option<(String, Channel)>>>,
}

/// Where a client's call goes.
enum Route {
    /// Here is the primary.
    Here,
    /// To the successor at this address.
    Successor(String),
    /// To nobody who can serve it, most likely: some calls every replica answers.
    Nowhere,
}

impl Forwarder {
    pub fn new(view: watch::Receiver<Arc<View>>) -> Self {
        Forwarder { view, connection: Arc::default() }
    }

    fn route(&self) -> Route {
        let view = self.view.borrow();
        match &view.leads_to {
            Some(address) => Route::Successor(address.clone()),
            None if view.acting => Route::Here,
            None => Route::Nowhere,
        }
    }

    /// `None` if the successor cannot be reached: then nothing has been sent.
    async fn connection(&self, address: &str) -> Option<Channel> {
        let known = self.connection.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, channel)) = known.filter(|(to, _)| to == address) {
            return Some(channel);
        }
        let endpoint = Endpoint::from_shared(format!("http://{address}")).ok()?;
        let endpoint = endpoint.tcp_nodelay(true).connect_timeout(CONNECT);
        let channel = endpoint.connect().await.ok()?;
        self.set_connection(Some((address.to_owned(), channel.clone())));
        Some(channel)
    }

    fn set_connection(&self, connection: Option<(String, Channel)>) {
        *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = connection;
    }

    async fn forward(&self, mut channel: Channel, mut request: Request) -> Response {
        request.headers_mut().insert(FORWARDED, http::HeaderValue::from_static("1"));
        let sent = match poll_fn(|context| channel.poll_ready(context)).await {
            Ok(()) => channel.call(request).await,
            Err(error) => Err(error),
        };
        sent.unwrap_or_else(|_| {
            self.set_connection(None);
            let why = "the connection to the new primary broke";
            tonic::Status::from(Refusal::outcome_unknown(why)).into_http()
        })
    }
}

/// A service that only a primary answers, most of it.
#[derive(Clone)]
pub(crate) struct Forwarding<S> {
    inner: S,
    forwarder: Forwarder,
}

impl<S> Forwarding<S> {
    pub fn new(inner: S, forwarder: &Forwarder) -> Self {
        Forwarding { inner, forwarder: forwarder.clone() }
    }
}

impl<S: NamedService> NamedService for Forwarding<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request> for Forwarding<S>
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
        let route = self.forwarder.route();
        if let Route::Here = route {
            return self.inner.call(request);
        }
        // The one that was found ready serves; its clone has to be asked again.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let forwarder = self.forwarder.clone();
        Box::pin(async move {
            if let Route::Successor(address) = route
                && ![FORWARDED, FOLLOWS].iter().any(|name| request.headers().contains_key(*name))
                && let Some(channel) = forwarder.connection(&address).await
            {
                return Ok(forwarder.forward(channel, request).await);
            }
            let caller = request.extensions().get::<Caller>().cloned();
            let response = inner.call(request).await;
            if let (Ok(answered), Some(caller)) = (&response, caller)
                && is_turned_away(answered)
            {
                caller.send_away();
            }
            response
        })
    }
}

fn is_turned_away(response: &Response) -> bool {
    tonic::Status::from_header_map(response.headers()).is_some_and(|status| sends_away(&status))
}
