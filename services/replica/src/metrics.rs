//! What this life counts: the atomic figures behind `/metrics` and the status.

use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntGauge, Opts, Registry};

/// Figures of one life. Clones count together.
#[derive(Clone)]
pub(crate) struct Metrics {
    pub registry: Registry,
    /// Mutations acknowledged.
    pub acknowledged: IntCounter,
    /// Of these, how many while this was the only copy.
    pub acknowledged_solo: IntCounter,
    /// Of these, how many before a second copy existed, in `async` mode.
    pub acknowledged_ahead: IntCounter,
    /// Reads answered.
    pub reads: IntCounter,
    /// Requests turned away.
    pub rejected: IntCounter,
    /// Requests that ended with an unknown outcome.
    pub outcome_unknown: IntCounter,
    /// Changes of role.
    pub transitions: IntCounter,
    /// Entries executed.
    pub executed: IntCounter,
    /// Seconds of each sync of the log.
    pub fsync: Histogram,
    /// Entries set aside in the data directory, in all lives.
    pub set_aside: IntGauge,
    /// Snapshots made.
    pub snapshots: IntCounter,
    /// Whether something is known that would keep this replica from taking over.
    pub failover_blocked: IntGauge,
}

impl Metrics {
    pub fn new() -> Self {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::with_opts(Opts::new(format!("understudy_{name}"), help))
                .expect("the names of metrics are well-formed");
            register(&registry, counter.clone());
            counter
        };
        let buckets = vec![
            0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5,
            1.0, 5.0,
        ];
        let options = HistogramOpts::new("understudy_fsync_seconds", "Seconds of each log sync");
        let fsync = Histogram::with_opts(options.buckets(buckets))
            .expect("the names of metrics are well-formed");
        register(&registry, fsync.clone());
        let set_aside = IntGauge::new(
            "understudy_set_aside_entries",
            "Entries of async tails that failovers cut and that are set aside here",
        )
        .expect("the names of metrics are well-formed");
        register(&registry, set_aside.clone());
        let failover_blocked = IntGauge::new(
            "understudy_failover_blocked",
            "Whether a failover to this replica would fail now: see warning in its status",
        )
        .expect("the names of metrics are well-formed");
        register(&registry, failover_blocked.clone());
        Metrics {
            set_aside,
            failover_blocked,
            acknowledged: counter("acknowledged_total", "Mutations acknowledged"),
            acknowledged_solo: counter(
                "acknowledged_solo_total",
                "Mutations acknowledged while this was the only copy",
            ),
            acknowledged_ahead: counter(
                "acknowledged_ahead_total",
                "Mutations acknowledged ahead of their commit, in async mode",
            ),
            reads: counter("reads_total", "Reads answered"),
            rejected: counter("rejected_total", "Requests turned away"),
            outcome_unknown: counter(
                "outcome_unknown_total",
                "Requests that ended with an unknown outcome",
            ),
            transitions: counter("transitions_total", "Changes of role"),
            executed: counter("executed_total", "Log entries executed"),
            snapshots: counter("snapshots_total", "Snapshots made"),
            fsync,
            registry,
        }
    }
}

fn register(registry: &Registry, collector: impl Collector + 'static) {
    registry.register(Box::new(collector)).expect("each metric is registered once");
}
