//! The options as flags, environment variables and keys of a TOML file: one list for all three.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use understudy_protocol::{MAX_TAIL_BYTES, MAX_TAIL_MS};

use super::rule::Rule;

/// Options of `understudy serve`, none of which has to be given as a flag.
#[derive(Clone, Debug, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServeArgs {
    /// A TOML file with options; its keys are the flags' names
    #[arg(long, env = "UNDERSTUDY_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Name of this replica, unique in the cluster and the same in every life
    #[arg(long, env = "UNDERSTUDY_NAME")]
    pub name: Option<String>,
    /// Data directory; made when there is none
    #[arg(long, env = "UNDERSTUDY_DATA", value_name = "DIR")]
    pub data: Option<String>,
    /// The register: `dir:PATH`, a directory that all replicas share, or `lease:NAMESPACE/NAME`, a Lease
    #[arg(long, env = "UNDERSTUDY_REGISTER", value_name = "URI")]
    pub register: Option<String>,
    /// Peer addresses of all replicas, its own may be among them
    #[arg(long, env = "UNDERSTUDY_PEERS", value_name = "NAME=HOST:PORT,...")]
    pub peers: Option<String>,
    /// Where to listen for clients; port 0 takes any
    #[arg(long, env = "UNDERSTUDY_LISTEN_CLIENTS", value_name = "HOST:PORT")]
    pub listen_clients: Option<String>,
    /// Where to listen for other replicas
    #[arg(long, env = "UNDERSTUDY_LISTEN_PEERS", value_name = "HOST:PORT")]
    pub listen_peers: Option<String>,
    /// Where to listen for /healthz, /readyz and /metrics
    #[arg(long, env = "UNDERSTUDY_LISTEN_OPS", value_name = "HOST:PORT")]
    pub listen_ops: Option<String>,
    /// Where clients find this replica; unset: where it listens
    #[arg(long, env = "UNDERSTUDY_ADVERTISE_CLIENTS", value_name = "HOST:PORT")]
    pub advertise_clients: Option<String>,
    /// Where peers find this replica; unset: its own entry in `peers`, else where it listens
    #[arg(long, env = "UNDERSTUDY_ADVERTISE_PEERS", value_name = "HOST:PORT")]
    pub advertise_peers: Option<String>,
    /// Host part of both advertised addresses, where those are not given
    #[arg(long, env = "UNDERSTUDY_ADVERTISE_HOST", value_name = "HOST")]
    pub advertise_host: Option<String>,
    /// Service that follows the primary, in the namespace of the register, which is a Lease
    #[arg(long, env = "UNDERSTUDY_SERVICE", value_name = "NAME")]
    pub service: Option<String>,
    /// Backups that must hold an entry before it counts, 1 to 8; at a cluster's birth, later with `understudy mode`
    #[arg(long, env = "UNDERSTUDY_SYNC_BACKUPS", value_name = "N")]
    pub sync_backups: Option<u32>,
    /// Copies that must exist for a write, 1 or 2; at a cluster's birth, later with `understudy mode`
    #[arg(long, env = "UNDERSTUDY_MIN_COPIES", value_name = "N")]
    pub min_copies: Option<u32>,
    /// When a write is answered, `sync` or `async`; at a cluster's birth, later with `understudy mode`
    #[arg(long, env = "UNDERSTUDY_EXECUTION", value_name = "MODE")]
    pub execution: Option<String>,
    /// When a backup's copy counts, `durable` or `received`; at a cluster's birth, later with `understudy mode`
    #[arg(long, env = "UNDERSTUDY_ACKNOWLEDGEMENT", value_name = "WHEN")]
    pub acknowledgement: Option<String>,
    /// What backups execute, `hot` or `deferred`; at a cluster's birth, later with `understudy mode`
    #[arg(long, env = "UNDERSTUDY_BACKUPS", value_name = "HOW")]
    pub backups: Option<String>,
    /// Bytes of uncommitted entries that async answers for, 1 to 16777216; at a cluster's birth, later with `understudy mode`
    #[arg(long, env = "UNDERSTUDY_MAX_TAIL_BYTES", value_name = "BYTES")]
    pub max_tail_bytes: Option<u64>,
    /// Age of the oldest of them, milliseconds, 1 to 60000; at a cluster's birth, later with `understudy mode`
    #[arg(long, env = "UNDERSTUDY_MAX_TAIL_MS", value_name = "MS")]
    pub max_tail_ms: Option<u64>,
    /// An idle primary gives a sign of life this often, milliseconds; at most half of drop-ms
    #[arg(long, env = "UNDERSTUDY_HEARTBEAT_MS", value_name = "MS")]
    pub heartbeat_ms: Option<u64>,
    /// A primary drops a backup that is silent for this long while something waits, milliseconds
    #[arg(long, env = "UNDERSTUDY_DROP_MS", value_name = "MS")]
    pub drop_ms: Option<u64>,
    /// A backup tries to become primary after this much silence, milliseconds; above drop-ms
    #[arg(long, env = "UNDERSTUDY_PROMOTE_MS", value_name = "MS")]
    pub promote_ms: Option<u64>,
    /// In async mode a primary that is away gets this much more time to come back, milliseconds: it may
    /// hold what nobody else does
    #[arg(long, env = "UNDERSTUDY_FIRST_CHANCE_MS", value_name = "MS")]
    pub first_chance_ms: Option<u64>,
    /// A primary drops a backup that talks but makes nothing durable for this long, milliseconds
    #[arg(long, env = "UNDERSTUDY_STALL_MS", value_name = "MS")]
    pub stall_ms: Option<u64>,
    /// A handover is given up after this long, milliseconds
    #[arg(long, env = "UNDERSTUDY_HAND_OVER_MS", value_name = "MS")]
    pub hand_over_ms: Option<u64>,
    /// Deletes the pod of a backup that was dropped and stays away for this long, milliseconds; 0: never
    #[arg(long, env = "UNDERSTUDY_EVICT_MS", value_name = "MS")]
    pub evict_ms: Option<u64>,
    /// A primary that is asked to go hands over, and leads clients on to its successor for this long
    /// before it goes, milliseconds; 0: it goes at once. Longer than a Service takes to follow
    #[arg(long, env = "UNDERSTUDY_LINGER_MS", value_name = "MS")]
    pub linger_ms: Option<u64>,
    /// Waits this long for the process before it to let go of the data directory, milliseconds; 0: not at
    /// all. A pod that is deleted by force is replaced before its process has ended
    #[arg(long, env = "UNDERSTUDY_DATA_WAIT_MS", value_name = "MS")]
    pub data_wait_ms: Option<u64>,
    /// Pause between two tries of what failed, milliseconds
    #[arg(long, env = "UNDERSTUDY_RETRY_MS", value_name = "MS")]
    pub retry_ms: Option<u64>,
    /// Requests that may wait at once, one for each 16 KiB; beyond, clients get OVERLOADED
    #[arg(long, env = "UNDERSTUDY_MAX_WAITING", value_name = "N")]
    pub max_waiting: Option<u64>,
    /// Connections of clients at once, half of them at most from one address, and no more than there are file
    /// descriptors for; beyond, another one must make room: idle ones, and those of whoever has most
    #[arg(long, env = "UNDERSTUDY_MAX_CONNECTIONS", value_name = "N")]
    pub max_connections: Option<u64>,
    /// Bytes of memory that the process may take; 0: what its control group allows, else what the machine has.
    /// Beyond what remains of it for the store, writes get QUOTA_EXCEEDED
    #[arg(long, env = "UNDERSTUDY_MEMORY_LIMIT", value_name = "BYTES")]
    pub memory_limit: Option<u64>,
    /// Bytes of executed log between two snapshots, fewer where memory is short
    #[arg(long, env = "UNDERSTUDY_SNAPSHOT_BYTES", value_name = "BYTES")]
    pub snapshot_bytes: Option<u64>,
    /// Log entries kept after a snapshot covers them, for followers that come back
    #[arg(long, env = "UNDERSTUDY_RETAIN_ENTRIES", value_name = "N")]
    pub retain_entries: Option<u64>,
    /// The same in bytes, whichever is less
    #[arg(long, env = "UNDERSTUDY_RETAIN_BYTES", value_name = "BYTES")]
    pub retain_bytes: Option<u64>,
    /// Bytes of the disk that are kept free for when it is full, besides room for the next snapshot; 0: neither
    #[arg(long, env = "UNDERSTUDY_DISK_RESERVE", value_name = "BYTES")]
    pub disk_reserve: Option<u64>,
    /// Size of a log segment, bytes, 64 KiB to 1 GiB
    #[arg(long, env = "UNDERSTUDY_SEGMENT_BYTES", value_name = "BYTES")]
    pub segment_bytes: Option<u64>,
    /// How log lines look: `text` or `json`
    #[arg(long, env = "UNDERSTUDY_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Which log lines are written: off, error, warn, info, debug, trace, or a filter such as `info,h2=debug`
    #[arg(long, env = "UNDERSTUDY_LOG", value_name = "LEVEL")]
    pub log: Option<String>,
}

/// What holds where nothing else is said, what may be said, and what the chart calls it. The chart's values, its
/// schema and the documentation are generated from this and from the flags' help.
pub(super) const RULES: &[Rule] = &[
    Rule::text("listen-clients", "127.0.0.1:7440"),
    Rule::text("listen-peers", "127.0.0.1:7441"),
    Rule::text("listen-ops", "127.0.0.1:7442"),
    Rule::number("sync-backups", 1, 1..=8).in_chart("syncBackups").explained(
        "Backups that must hold a write before it counts, 1 to `replicas` - 1. At a cluster's birth; later with \
         `understudy mode`",
    ),
    Rule::number("min-copies", 1, 1..=2).in_chart("minCopies").explained(
        "Copies that must exist for a write: 1 serves alone, 2 answers reads only while one copy is left. At a \
         cluster's birth; later with `understudy mode`",
    ),
    Rule::word("execution", &["sync", "async"]).in_chart("execution").explained(
        "When a write is answered: `sync` when all who must hold it do, `async` when the primary does; a failover \
         can then lose the end of the log, at most what `maxTailBytes` and `maxTailMs` allow. Not with `minCopies` \
         2. At a cluster's birth; later with `understudy mode`",
    ),
    Rule::word("acknowledgement", &["durable", "received"]).in_chart("acknowledgement").explained(
        "When a backup's copy counts: `durable` on its disk, `received` in its memory. Not with `execution` \
         `async`. At a cluster's birth; later with `understudy mode`",
    ),
    Rule::word("backups", &["hot", "deferred"]).in_chart("backups").explained(
        "What backups do with what is committed: `hot` executes it, `deferred` keeps it until one is promoted. At \
         a cluster's birth; later with `understudy mode`",
    ),
    Rule::number("max-tail-bytes", 1 << 20, 1..=MAX_TAIL_BYTES).in_chart("maxTailBytes"),
    Rule::number("max-tail-ms", 1000, 1..=MAX_TAIL_MS).in_chart("maxTailMs"),
    Rule::number("heartbeat-ms", 100, 1..=HOUR_MS).in_chart("timing.heartbeatMs"),
    Rule::number("drop-ms", 700, 1..=HOUR_MS).in_chart("timing.dropMs"),
    Rule::number("promote-ms", 1500, 1..=HOUR_MS).in_chart("timing.promoteMs"),
    Rule::number("first-chance-ms", 3000, 0..=HOUR_MS).in_chart("timing.firstChanceMs"),
    Rule::number("stall-ms", 2000, 1..=HOUR_MS).in_chart("timing.stallMs"),
    Rule::number("hand-over-ms", 3000, 1..=HOUR_MS).in_chart("timing.handOverMs"),
    Rule::number("evict-ms", 0, 0..=24 * HOUR_MS),
    // Only there is a Service that takes a moment to follow.
    Rule::number("linger-ms", 0, 0..=60_000).in_chart("timing.lingerMs").with_default(2000).explained(
        "A leaving primary stays this long after its handover, as a backup, and forwards to its successor what \
         comes through a Service that has not followed yet, milliseconds",
    ),
    Rule::number("data-wait-ms", 5000, 0..=60_000),
    Rule::number("retry-ms", 100, 1..=HOUR_MS).in_chart("timing.retryMs"),
    Rule::number("max-waiting", 16_384, 1..=1 << 20).in_chart("limits.maxWaiting"),
    Rule::number("max-connections", 2000, 2..=1 << 20),
    Rule::number("memory-limit", 0, 0..=u64::MAX).in_chart("limits.memoryLimit").up_to(1 << 40).explained(
        "Bytes of memory that a replica may take; 0: what `resources.limits.memory` allows, else what the node \
         has. Beyond what remains of it for the store, writes are refused",
    ),
    Rule::number("snapshot-bytes", 64 << 20, 1 << 10..=1 << 40).in_chart("limits.snapshotBytes"),
    Rule::number("retain-entries", 100_000, 0..=1 << 40).in_chart("limits.retainEntries"),
    Rule::number("retain-bytes", 128 << 20, 0..=1 << 50).in_chart("limits.retainBytes"),
    Rule::number("disk-reserve", 16 << 20, 0..=1 << 40).in_chart("limits.diskReserve"),
    Rule::number("segment-bytes", 16 << 20, 64 << 10..=1 << 30).in_chart("limits.segmentBytes"),
    Rule::word("log-format", &["text", "json"]),
    Rule::text("log", "info"),
];

const HOUR_MS: u64 = 3_600_000;
