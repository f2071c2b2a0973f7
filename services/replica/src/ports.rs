//! The three ports of a replica, and where others find it.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::connections::ConnectionLimits;
use crate::descriptors;
use crate::error::ServeError;
use crate::options::Options;

/// Where a replica listens, and where it is found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addresses {
    /// Where it listens for clients.
    pub clients: SocketAddr,
    /// Where it listens for peers.
    pub peers: SocketAddr,
    /// Where it listens for operations.
    pub ops: SocketAddr,
    /// Where clients are told to find it, `host:port`.
    pub advertised_clients: String,
    /// Where peers are told to find it, `host:port`.
    pub advertised_peers: String,
}

/// The listeners, bound and not yet served.
pub(crate) struct Ports {
    pub clients: TcpListener,
    pub peers: TcpListener,
    pub ops: TcpListener,
    pub addresses: Addresses,
    /// For connections of clients.
    pub limits: ConnectionLimits,
}

impl Ports {
    pub async fn bind(options: &Options) -> Result<Self, ServeError> {
        let (clients, at_clients) = listen("clients", &options.listen_clients).await?;
        let (peers, at_peers) = listen("peers", &options.listen_peers).await?;
        let (ops, at_ops) = listen("ops", &options.listen_ops).await?;
        let host = options.advertise_host.as_deref();
        let addresses = Addresses {
            clients: at_clients,
            peers: at_peers,
            ops: at_ops,
            advertised_clients: found("clients", &options.advertise_clients, host, at_clients)?,
            advertised_peers: found("peers", &options.advertise_peers, host, at_peers)?,
        };
        let limits = descriptors::connection_limits(options.max_connections);
        Ok(Ports { clients, peers, ops, addresses, limits })
    }
}

async fn listen(who: &'static str, at: &str) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |source| ServeError::Listen { who, address: at.to_string(), source };
    let listener = TcpListener::bind(at).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

fn found(
    who: &'static str,
    advertised: &Option<String>,
    host: Option<&str>,
    at: SocketAddr,
) -> Result<String, ServeError> {
    match (advertised, host) {
        (Some(address), _) => Ok(address.clone()),
        (None, Some(host)) => Ok(format!("{host}:{}", at.port())),
        (None, None) if at.ip().is_unspecified() => Err(ServeError::Advertise(who)),
        (None, None) => Ok(at.to_string()),
    }
}
