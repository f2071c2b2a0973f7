//! The tasks that serve the three ports, from the beginning of a life to its end.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;
use tonic::service::Routes;
use tonic_health::server::health_reporter;
use understudy_proto::FILE_DESCRIPTOR_SET;
use understudy_proto::admin::v1::admin_service_server::{self, AdminServiceServer};
use understudy_proto::kv::v1::key_value_service_server::{self, KeyValueServiceServer};
use understudy_proto::kv::v1::lease_service_server::{self, LeaseServiceServer};
use understudy_proto::kv::v1::random_service_server::{self, RandomServiceServer};
use understudy_proto::kv::v1::session_service_server::{self, SessionServiceServer};
use understudy_proto::kv::v1::watch_service_server::{self, WatchServiceServer};
use understudy_proto::replication::v1::replication_service_server::ReplicationServiceServer;

use crate::clients::{
    Admin, Admission, Forwarder, Forwarding, Generators, KeyValues, Leases, Sessions, StatusSource,
    Watches,
};
use crate::connections::{Budget, ConnectionLimits, ConnectionTable, PortService};
use crate::driver::View;
use crate::memory::bytes;
use crate::metrics::Metrics;
use crate::peers::{self, PeerService, Peers};
use crate::ports::Ports;
use crate::{connections, health, ops, wrong_port};

/// What reflection lists on the clients' port; the replicas' own service is on theirs.
const LISTED: [&str; 8] = [
    admin_service_server::SERVICE_NAME,
    key_value_service_server::SERVICE_NAME,
    lease_service_server::SERVICE_NAME,
    random_service_server::SERVICE_NAME,
    session_service_server::SERVICE_NAME,
    watch_service_server::SERVICE_NAME,
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
];

/// The largest message that a client's request may be before it is looked at. Up to 4 MiB it is
/// served, above it gets a clear refusal, far above the transport ends it.
const MAX_DECODED: usize = 8 << 20;
/// Calls under way on one connection.
const STREAMS: u32 = 1_024;
/// Flow control of each of them, bytes: what waits for its turn holds no more.
const CALL_WINDOW: u32 = 64 << 10;
/// Flow control of a connection: never less than what all of its calls may hold, or those that wait for their turn
/// would keep those that have it from going on.
const WINDOW: u32 = STREAMS * CALL_WINDOW;
/// Bytes of a call's headers, at most.
const CALL_HEADERS: u32 = 16 << 10;
/// Connections of peers: two for each other replica, and time for old ones to go.
const PEERS_LIMITS: ConnectionLimits = ConnectionLimits { total: 32, of_address: 32 };
/// A connection that is silent for this long is asked for a sign of life, and closed without one.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long the end of a life may take, so that those that wait hear of it.
const FAREWELL: Duration = Duration::from_millis(200);

/// The tasks.
pub(crate) struct Serving {
    clients: JoinHandle<()>,
    peers: JoinHandle<()>,
    ops: AbortOnDropHandle<()>,
    _health: AbortOnDropHandle<()>,
    terms: AbortOnDropHandle<()>,
    peer_term: watch::Sender<u64>,
}

impl Serving {
    /// Starts all of them; `others`: how many other replicas are configured.
    pub async fn start(
        ports: Ports,
        peers: Peers,
        admission: Admission,
        view: watch::Receiver<Arc<View>>,
        metrics: Metrics,
        others: usize,
        warning: watch::Receiver<String>,
    ) -> Self {
        let Ports { clients, peers: at_peers, ops, addresses, limits } = ports;
        let shares = view.borrow().shares;
        let ops_address = addresses.ops.to_string();
        let source = StatusSource { metrics: metrics.clone(), ops: ops_address, warning };
        let (reporter, health_service) = health_reporter();
        let found_at: Arc<str> = addresses.advertised_clients.into();
        let forwarder = Forwarder::new(view.clone());
        let routes =
            client_routes(admission, source, &forwarder, others).add_service(health_service);
        let (term, terms) = watch::channel(0);
        let (peer_term, peer_terms) = watch::channel(0);
        let table = ConnectionTable::new(
            "clients",
            limits,
            Budget::new("clients", bytes(shares.clients), WINDOW as usize),
        );
        let server = transport(CALL_WINDOW, WINDOW);
        let port = PortService { server, routes, table: table.clone(), longest: MAX_DECODED };
        Serving {
            clients: tokio::spawn(connections::serve(clients, port, terms)),
            peers: tokio::spawn(peer_door(
                at_peers,
                peers,
                found_at.clone(),
                peer_terms,
                bytes(shares.peers),
            )),
            ops: AbortOnDropHandle::new(tokio::spawn(ops::serve(
                ops,
                view.clone(),
                metrics,
                found_at,
                table,
            ))),
            _health: AbortOnDropHandle::new(tokio::spawn(health::report(reporter, view.clone()))),
            terms: AbortOnDropHandle::new(tokio::spawn(connections::count_terms(view, term))),
            peer_term,
        }
    }

    /// Closes every connection, in order and in bounded time.
    pub async fn end(self) {
        let Serving { clients, peers, ops, terms, peer_term, .. } = self;
        ops.abort();
        drop((terms, peer_term));
        // An end is an end, however it came; the ports are free after it.
        let closed = async {
            let _ = ops.await;
            let _ = clients.await;
            let _ = peers.await;
        };
        let _ = tokio::time::timeout(FAREWELL, closed).await;
    }
}

fn transport(of_call: u32, window: u32) -> tonic::transport::Server {
    tonic::transport::Server::builder()
        .initial_stream_window_size(of_call)
        .initial_connection_window_size(window)
        .max_concurrent_streams(Some(STREAMS))
        .http2_max_header_list_size(Some(CALL_HEADERS))
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
}

fn client_routes(
    admission: Admission,
    source: StatusSource,
    forwarder: &Forwarder,
    others: usize,
) -> Routes {
    let key_values = KeyValueServiceServer::new(KeyValues { admission: admission.clone() })
        .max_decoding_message_size(MAX_DECODED)
        .max_encoding_message_size(usize::MAX);
    let sessions = SessionServiceServer::new(Sessions { admission: admission.clone() });
    let generators = RandomServiceServer::new(Generators { admission: admission.clone() });
    let leases = LeaseServiceServer::new(Leases { admission: admission.clone() });
    let watches = WatchServiceServer::new(Watches { admission: admission.clone() })
        .max_encoding_message_size(usize::MAX);
    let mut routes = Routes::new(Forwarding::new(key_values, forwarder))
        .add_service(Forwarding::new(sessions, forwarder))
        .add_service(AdminServiceServer::new(Admin {
            admission,
            source,
            others,
            changing: Default::default(),
        }))
        .add_service(Forwarding::new(watches, forwarder))
        .add_service(Forwarding::new(leases, forwarder))
        .add_service(Forwarding::new(generators, forwarder));
    let reflection = || {
        let builder = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
        LISTED.into_iter().fold(builder, |builder, name| builder.with_service_name(name))
    };
    match (reflection().build_v1(), reflection().build_v1alpha()) {
        (Ok(v1), Ok(v1alpha)) => routes = routes.add_service(v1).add_service(v1alpha),
        (Err(error), _) | (_, Err(error)) => tracing::warn!("no reflection: {error}"),
    }
    routes
}

/// Serves the peer port, whose connections have `most` bytes. `clients` is where clients are served.
pub(crate) async fn peer_door(
    listener: TcpListener,
    peers: Peers,
    clients: Arc<str>,
    term: watch::Receiver<u64>,
    most: usize,
) {
    let service = ReplicationServiceServer::new(PeerService { peers });
    let routes = Routes::new(service.max_decoding_message_size(peers::MAX_MESSAGE));
    let elsewhere = async move |request: HeaderMap| wrong_port::answer("peers", &clients, &request);
    let routes: Routes = routes.into_axum_router().fallback(elsewhere).into();
    let table = ConnectionTable::new(
        "peers",
        PEERS_LIMITS,
        Budget::new("peers", most, peers::WINDOW as usize),
    );
    let server = transport(peers::WINDOW, peers::WINDOW);
    let port = PortService { server, routes, table, longest: peers::MAX_MESSAGE };
    connections::serve(listener, port, term).await;
}
