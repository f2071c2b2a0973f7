//! Lays the options' layers over each other and checks what comes out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use understudy_arbiter::RegisterUri;
use understudy_protocol::{MS, Settings, Timing};

use super::args::RULES;
use super::check::{advertised, check_order, follows, given, log, peers, register, wrong};
use super::settings::settings;
use super::{OptionsError, ServeArgs};

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Everything that one replica is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its name; unique in the cluster and stable over lives.
    pub name: String,
    /// Its data directory; made when there is none.
    pub data: PathBuf,
    /// Where the register is.
    pub register: RegisterUri,
    /// The Service that follows the primary, in the namespace of the register.
    pub service: Option<String>,
    /// The other replicas: name and peer address.
    pub peers: Vec<(String, String)>,
    /// Where it listens for clients, `host:port`; port 0 takes any.
    pub listen_clients: String,
    /// Where it listens for peers.
    pub listen_peers: String,
    /// Where it listens for operations.
    pub listen_ops: String,
    /// Where clients are told to find it; `None`: where it listens.
    pub advertise_clients: Option<String>,
    /// Where peers are told to find it; `None`: its own entry in the list of peers, else where it
    /// listens.
    pub advertise_peers: Option<String>,
    /// Host part of what is advertised, where that is not given; an IPv6 address in brackets.
    pub advertise_host: Option<String>,
    /// Settings that a cluster is born with.
    pub settings: Settings,
    /// Time-outs.
    pub timing: Timing,
    /// How long a leaving primary leads clients on to its successor, nanoseconds.
    pub linger: u64,
    /// How long to wait for the process before it to let go of the data directory.
    pub data_wait: Duration,
    /// Requests that may wait at once.
    pub max_waiting: usize,
    /// Connections of clients at once.
    pub max_connections: usize,
    /// Bytes of memory that the process may take; 0: whatever its control group or the machine allows.
    pub memory_limit: u64,
    /// Bytes of executed entries between two snapshots.
    pub snapshot_bytes: u64,
    /// Entries kept before the newest snapshot for followers that come back.
    pub retain_entries: u64,
    /// The same in bytes.
    pub retain_bytes: u64,
    /// Bytes of the disk that are kept free for when it is full, besides room for the next snapshot.
    pub disk_reserve: u64,
    /// Size of a log segment, bytes.
    pub segment_bytes: u64,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which of them are written.
    pub log: String,
}

impl Options {
    /// Flags and environment as clap has read them, over the options file if one is named, over the
    /// defaults.
    ///
    /// # Errors
    /// The first thing that is wrong, see [`OptionsError`].
    pub fn load(args: ServeArgs) -> Result<Self, OptionsError> {
        let defaults = RULES.iter().map(|rule| (rule.option.to_string(), rule.default()));
        let mut layers: toml::Table = defaults.collect();
        if let Some(path) = &args.config {
            layers.extend(read(path)?);
        }
        // Options that are not given leave no key.
        layers.extend(toml::Table::try_from(&args).map_err(|error| content("the flags", &error))?);
        for rule in RULES {
            layers.get(rule.option).map_or(Ok(()), |value| rule.check(value))?;
        }
        let args = layers.try_into().map_err(|error| content("the options", &error))?;
        resolve(args)
    }
}

fn read(path: &Path) -> Result<toml::Table, OptionsError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|source| OptionsError::File { path: name.clone(), source })?;
    table(&name, &text)
}

/// A layer, checked on its own so that a message names it.
fn table(name: &str, text: &str) -> Result<toml::Table, OptionsError> {
    toml::from_str::<ServeArgs>(text).map_err(|error| content(name, &error))?;
    toml::from_str(text).map_err(|error| content(name, &error))
}

fn content(path: &str, error: &dyn std::fmt::Display) -> OptionsError {
    let why: Vec<String> = error.to_string().lines().map(|line| line.trim().to_string()).collect();
    OptionsError::Content { path: path.into(), why: why.join(" ") }
}

/// Within its bounds each option is by itself already.
fn resolve(args: ServeArgs) -> Result<Options, OptionsError> {
    let settings = settings(&args)?;
    let name = given("name", args.name)?;
    let register = register(&given("register", args.register)?)?;
    let service = args.service.map(|service| follows(service, &register)).transpose()?;
    let advertise_host = args.advertise_host.map(|host| advertised(&host)).transpose()?;
    let ms = |option, value| given(option, value).map(|ms: u64| ms * MS);
    let timing = Timing {
        heartbeat: ms("heartbeat-ms", args.heartbeat_ms)?,
        drop: ms("drop-ms", args.drop_ms)?,
        promote: ms("promote-ms", args.promote_ms)?,
        first_chance: ms("first-chance-ms", args.first_chance_ms)?,
        stall: ms("stall-ms", args.stall_ms)?,
        hand_over: ms("hand-over-ms", args.hand_over_ms)?,
        retry: ms("retry-ms", args.retry_ms)?,
        evict: Some(ms("evict-ms", args.evict_ms)?).filter(|after| *after > 0),
        ..Timing::default()
    };
    check_order(&timing)?;
    let peers = peers(&name, &args.peers.unwrap_or_default())?;
    let own = peers.iter().find(|(peer, _)| *peer == name).map(|(_, address)| address.clone());
    let peers: Vec<_> = peers.into_iter().filter(|(peer, _)| *peer != name).collect();
    let wanted = settings.sync_backups;
    if wanted as usize > peers.len().max(1) {
        let why =
            format!("peers names {} other replica(s), and each is one backup at most", peers.len());
        return Err(wrong("sync-backups", wanted, why));
    }
    Ok(Options {
        data: PathBuf::from(given("data", args.data)?),
        register,
        service,
        peers,
        listen_clients: given("listen-clients", args.listen_clients)?,
        listen_peers: given("listen-peers", args.listen_peers)?,
        listen_ops: given("listen-ops", args.listen_ops)?,
        advertise_clients: args.advertise_clients,
        advertise_peers: args.advertise_peers.or(own.filter(|_| advertise_host.is_none())),
        advertise_host,
        settings,
        timing,
        linger: ms("linger-ms", args.linger_ms)?,
        data_wait: Duration::from_nanos(ms("data-wait-ms", args.data_wait_ms)?),
        max_waiting: given("max-waiting", args.max_waiting)? as usize,
        max_connections: given("max-connections", args.max_connections)? as usize,
        memory_limit: given("memory-limit", args.memory_limit)?,
        snapshot_bytes: given("snapshot-bytes", args.snapshot_bytes)?,
        retain_entries: given("retain-entries", args.retain_entries)?,
        retain_bytes: given("retain-bytes", args.retain_bytes)?,
        disk_reserve: given("disk-reserve", args.disk_reserve)?,
        segment_bytes: given("segment-bytes", args.segment_bytes)?,
        log_format: match given("log-format", args.log_format)?.as_str() {
            "json" => LogFormat::Json,
            _ => LogFormat::Text,
        },
        log: log(given("log", args.log)?)?,
        name,
    })
}
