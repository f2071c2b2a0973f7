//! How the API server is reached: one HTTP/2 connection, which an open watch keeps warm.
//!
//! With HTTP/1.1 a request that comes once in a while finds its connection closed (the server closes
//! idle ones after 90 s) and pays for TCP and TLS first, in the middle of a failover.

use std::time::Duration;

use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ConfigExt as _};
use kube::{Client, Config};
use thiserror::Error;
use tower::{BoxError, ServiceBuilder};

use super::refusal::with_causes;

/// A connection that brings nothing for this long is asked for a sign of life.
const PING: Duration = Duration::from_secs(10);
/// ... and is given up without one after this long.
const PONG: Duration = Duration::from_secs(5);
/// How long TCP may take to connect to one address.
const CONNECT: Duration = Duration::from_secs(2);

/// Why the API server cannot be asked at all.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ConnectError {
    /// Nothing says where it is.
    #[error(
        "no Kubernetes cluster is known here: run in a pod with a service account's token, or name a \
         kubeconfig in KUBECONFIG ({0})"
    )]
    Unknown(String),
    /// What is said cannot be used.
    #[error("the cluster's configuration cannot be used: {0}")]
    Unusable(String),
}

/// Where the API server is and who asks: the kubeconfig if there is one, else the pod's service
/// account. Tokens and certificates in files are read again by the client as they are rotated.
pub async fn infer() -> Result<Config, ConnectError> {
    let config = Config::infer().await;
    config.map_err(|error| ConnectError::Unknown(with_causes(&error)))
}

/// A client with a connection of its own, which is made with its first request.
pub fn client(config: &Config) -> Result<Client, ConnectError> {
    let unusable = |error: kube::Error| ConnectError::Unusable(with_causes(&error));
    if config.proxy_url.is_some() {
        return Err(ConnectError::Unusable("proxy-url is not supported".into()));
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let tls = config.rustls_client_config().map_err(unusable)?;
    let mut https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    if let Some(name) = config.tls_server_name.clone() {
        let name = name.try_into().map_err(|error| {
            ConnectError::Unusable(format!("tls-server-name: {}", with_causes(&error)))
        })?;
        https = https.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let http: legacy::Client<_, Body> = legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .http2_keep_alive_interval(PING)
        .http2_keep_alive_timeout(PONG)
        .build(https.enable_all_versions().wrap_connector(tcp));
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer().map_err(unusable)?)
        .layer(config.extra_headers_layer().map_err(unusable)?)
        .map_err(BoxError::from)
        .service(http);
    Ok(Client::new(service, config.default_namespace.clone()))
}
