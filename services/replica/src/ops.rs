//! The operations port: `/livez`, `/healthz`, `/readyz` and `/metrics` over plain HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use prometheus::{Encoder, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::ServiceBuilder;

use crate::connections::{self, Budget, ConnectionLimits, ConnectionTable, PATIENCE, Registration};
use crate::driver::View;
use crate::metrics::Metrics;
use crate::{logging, memory, wrong_port};

/// Every role, so that each has its own line in `/metrics`.
const ROLES: [&str; 9] = [
    "starting",
    "waiting",
    "learner",
    "spare",
    "backup",
    "candidate",
    "opening",
    "primary",
    "halted",
];

/// Connections of operators and their probes.
const LIMITS: ConnectionLimits = ConnectionLimits { total: 32, of_address: 32 };

#[derive(Clone)]
struct Source {
    view: watch::Receiver<Arc<View>>,
    metrics: Metrics,
    /// Where clients are served.
    clients: Arc<str>,
    /// Who is connected there.
    table: ConnectionTable,
}

/// Serves until the task is dropped.
pub(crate) async fn serve(
    listener: TcpListener,
    view: watch::Receiver<Arc<View>>,
    metrics: Metrics,
    clients: Arc<str>,
    clients_table: ConnectionTable,
) {
    let router = Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_text))
        .fallback(elsewhere)
        .with_state(Source { view, metrics, clients, table: clients_table });
    let table =
        ConnectionTable::new("operations", LIMITS, Budget::new("operations", usize::MAX, 0));
    loop {
        let (stream, address) = connections::accept(&listener).await;
        tokio::spawn(attend(stream, table.register(address), router.clone()));
    }
}

/// Serves a connection, which must ask for something soon.
async fn attend(stream: TcpStream, registration: Registration, router: Router) {
    let (asked, mut asks) = watch::channel(false);
    let service = ServiceBuilder::new().map_request(move |request: Request<Incoming>| {
        asked.send_replace(true);
        request.map(Body::new)
    });
    let service = TowerToHyperService::new(service.service(router));
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let serving = http.serve_connection(TokioIo::new(stream), service);
    let dawdles = async {
        if tokio::time::timeout(PATIENCE, asks.wait_for(|asked| *asked)).await.is_ok() {
            registration.greet();
            std::future::pending().await
        }
    };
    tokio::select! {
        _ = serving => {}
        () = dawdles => {}
        () = registration.account().ended().cancelled() => {}
    }
}

/// Clients may come here by mistake.
async fn elsewhere(State(source): State<Source>, request: HeaderMap) -> impl IntoResponse {
    wrong_port::answer("operators", &source.clients, &request)
}

/// Whether the replica does its work. A halted one does not, and waits for an operator: a restart would
/// not help it, which is why `/livez` does not ask.
async fn healthz(State(source): State<Source>) -> impl IntoResponse {
    let view = source.view.borrow();
    match view.is_halted() {
        true => (StatusCode::SERVICE_UNAVAILABLE, line(&format!("halted: {}", view.status.reason))),
        false => (StatusCode::OK, "ok\n".to_string()),
    }
}

/// What people read with `curl`, in a terminal.
fn line(text: &str) -> String {
    String::from_utf8_lossy(&logging::escape(text.as_bytes())).into_owned()
}

/// Whether it counts as one of the pair: named in the register, or a spare that is caught up.
async fn readyz(State(source): State<Source>) -> impl IntoResponse {
    let view = source.view.borrow();
    let code = if view.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let status = &view.status;
    let reason =
        if status.reason.is_empty() { String::new() } else { format!(": {}", status.reason) };
    (code, line(&format!("{}{reason}", status.role)))
}

async fn metrics_text(State(source): State<Source>) -> Result<String, StatusCode> {
    let view = source.view.borrow().clone();
    let mut families = source.metrics.registry.gather();
    families.extend(
        gauges(&view, &source.table).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?.gather(),
    );
    let mut text = Vec::new();
    TextEncoder::new()
        .encode(&families, &mut text)
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    String::from_utf8(text).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// The view as gauges.
fn gauges(view: &View, table: &ConnectionTable) -> prometheus::Result<Registry> {
    let registry = Registry::new();
    let status = &view.status;
    let connected = status.followers.iter().filter(|follower| follower.connected).count();
    let (lost, left_out) = logging::missing();
    let limit = if view.shares.is_limited() { view.shares.limit } else { 0 };
    let figures: [(&str, &str, u64); 32] = [
        ("epoch", "The highest epoch followed or won", status.epoch),
        ("life", "How often the data directory has been opened", view.life),
        ("named", "Whether the register names this replica", status.named.into()),
        ("acting", "Whether this replica answers clients as primary", view.acting.into()),
        ("log_first_index", "First index that the log still has", view.first),
        ("log_last_index", "End of the log", status.last),
        ("durable_index", "End of what is on this disk", status.durable),
        ("commit_index", "End of what every obliged replica holds", status.commit),
        ("applied_index", "End of what the machine has executed", status.applied),
        ("snapshot_index", "End of the newest snapshot", status.snapshot),
        ("members", "Replicas that the register names", status.members.len() as u64),
        ("followers", "Followers with a stream open", connected as u64),
        ("solo", "Whether the primary's answers rest on its own copy alone", solo(view)),
        ("waiting_requests", "Requests that wait for an answer", view.waiting as u64),
        ("watches", "Watches that are open", view.watches as u64),
        ("connections", "Connections of clients", table.len() as u64),
        ("transit_bytes", "Bytes of requests and answers on their way", table.held() as u64),
        ("keys", "Keys in the store", view.usage.keys),
        ("bytes", "Bytes of keys and values", view.usage.bytes),
        ("sessions", "Open sessions", view.usage.sessions),
        ("leases", "Leases, with those whose keys are still to be deleted", view.usage.leases),
        ("generators", "Random generators", view.usage.generators),
        ("held_bytes", "Bytes of answers held for retries", view.usage.held_bytes),
        ("history_bytes", "Bytes of history", view.usage.history_bytes),
        ("memory_bytes", "Bytes of memory that the store takes, about", view.usage.memory),
        (
            "memory_max_bytes",
            "Bytes of memory that it may take; 0: unknown",
            view.usage.memory_limit,
        ),
        ("memory_limit_bytes", "Bytes that the process may take; 0: unknown", limit),
        ("memory_resident_bytes", "Bytes that the process has in use", memory::resident()),
        ("revision", "The store's revision", view.revision.unsigned_abs()),
        ("start_time_ns", "Nanoseconds since 1970 when this life began", view.started),
        ("log_lines_lost", "Lines of this life's log that could not be written", lost),
        ("log_lines_left_out", "Lines of this life's log left out since they repeat", left_out),
    ];
    for (name, help, value) in figures {
        let gauge = IntGauge::with_opts(Opts::new(format!("understudy_{name}"), help))?;
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(Box::new(gauge))?;
    }
    let role = IntGaugeVec::new(Opts::new("understudy_role", "1 for the role it has"), &["role"])?;
    for name in ROLES {
        role.with_label_values(&[name]).set((name == status.role.as_str()).into());
    }
    registry.register(Box::new(role))?;
    let lag = Opts::new("understudy_follower_durable_index", "What a follower has acknowledged");
    let lag = IntGaugeVec::new(lag, &["follower", "obliged"])?;
    for follower in &status.followers {
        let obliged = if follower.obliged { "true" } else { "false" };
        let labels = [follower.member.name.as_str(), obliged];
        lag.with_label_values(&labels).set(i64::try_from(follower.durable).unwrap_or(i64::MAX));
    }
    registry.register(Box::new(lag))?;
    Ok(registry)
}

fn solo(view: &View) -> u64 {
    (view.acting && view.is_solo()).into()
}
