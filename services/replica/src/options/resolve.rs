//! Lays the options' layers over each other and checks what comes out.

use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use understudy_arbiter::{RegisterUri, UriError, check_name};
use understudy_protocol::{
    Acknowledgement, BackupExecution, Execution, MAX_TAIL_BYTES, MAX_TAIL_MS, MS, Settings, Timing,
    is_address, is_name,
};

use super::args::DEFAULTS;
use super::{LogFormat, Options, OptionsError, ServeArgs};

impl Options {
    /// Flags and environment as clap has read them, over the options file if one is named, over the
    /// defaults.
    ///
    /// # Errors
    /// The first thing that is wrong, see [`OptionsError`].
    pub fn load(args: ServeArgs) -> Result<Self, OptionsError> {
        let mut layers = table("the defaults", DEFAULTS)?;
        if let Some(path) = &args.config {
            layers.extend(read(path)?);
        }
        // Options that are not given leave no key.
        layers.extend(toml::Table::try_from(&args).map_err(|error| content("the flags", &error))?);
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

fn resolve(args: ServeArgs) -> Result<Options, OptionsError> {
    let settings = settings(&args)?;
    let name = given("name", args.name)?;
    let register = register(&given("register", args.register)?)?;
    let service = args.service.map(|service| follows(service, &register)).transpose()?;
    let advertise_host = args.advertise_host.map(|host| advertised(&host)).transpose()?;
    let timing = Timing {
        heartbeat: ms("heartbeat-ms", args.heartbeat_ms)?,
        drop: ms("drop-ms", args.drop_ms)?,
        promote: ms("promote-ms", args.promote_ms)?,
        first_chance: within("first-chance-ms", args.first_chance_ms, 0, 3_600_000)? * MS,
        stall: ms("stall-ms", args.stall_ms)?,
        hand_over: ms("hand-over-ms", args.hand_over_ms)?,
        retry: ms("retry-ms", args.retry_ms)?,
        evict: evict(args.evict_ms)?,
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
        linger: within("linger-ms", args.linger_ms, 0, 60_000)? * MS,
        data_wait: Duration::from_millis(within("data-wait-ms", args.data_wait_ms, 0, 60_000)?),
        max_waiting: within("max-waiting", args.max_waiting, 1, 1 << 20)? as usize,
        max_connections: within("max-connections", args.max_connections, 2, 1 << 20)? as usize,
        memory_limit: given("memory-limit", args.memory_limit)?,
        snapshot_bytes: within("snapshot-bytes", args.snapshot_bytes, 1 << 10, 1 << 40)?,
        retain_entries: within("retain-entries", args.retain_entries, 0, 1 << 40)?,
        retain_bytes: within("retain-bytes", args.retain_bytes, 0, 1 << 50)?,
        disk_reserve: within("disk-reserve", args.disk_reserve, 0, 1 << 40)?,
        segment_bytes: within("segment-bytes", args.segment_bytes, 64 << 10, 1 << 30)?,
        log_format: log_format(&given("log-format", args.log_format)?)?,
        log: log(given("log", args.log)?)?,
        name,
    })
}

fn given<T>(option: &'static str, value: Option<T>) -> Result<T, OptionsError> {
    value.ok_or(OptionsError::Missing(option))
}

fn wrong(option: &'static str, value: impl ToString, why: impl Into<String>) -> OptionsError {
    OptionsError::Wrong { option, value: value.to_string(), why: why.into() }
}

fn within<T: PartialOrd + ToString>(
    option: &'static str,
    value: Option<T>,
    least: T,
    most: T,
) -> Result<T, OptionsError> {
    let value = given(option, value)?;
    if value < least || value > most {
        let why = format!("it must be {} to {}", least.to_string(), most.to_string());
        return Err(wrong(option, value, why));
    }
    Ok(value)
}

fn ms(option: &'static str, value: Option<u64>) -> Result<u64, OptionsError> {
    Ok(within(option, value, 1, 3_600_000)? * MS)
}

/// A network break must leave the sitting primary in its place, and a sign of life in time.
fn check_order(timing: &Timing) -> Result<(), OptionsError> {
    if timing.drop >= timing.promote {
        let why = "it must be below promote-ms, so that a network break keeps the primary";
        return Err(wrong("drop-ms", timing.drop / MS, why));
    }
    if timing.heartbeat * 2 > timing.drop {
        let why = "it must be at most half of drop-ms, so that an idle replica is no silent one";
        return Err(wrong("heartbeat-ms", timing.heartbeat / MS, why));
    }
    Ok(())
}

fn register(uri: &str) -> Result<RegisterUri, OptionsError> {
    uri.parse().map_err(|error: UriError| wrong("register", uri, error.to_string()))
}

fn follows(service: String, register: &RegisterUri) -> Result<String, OptionsError> {
    check_name(&service).map_err(|error| wrong("service", &service, error.to_string()))?;
    match register {
        RegisterUri::Lease { .. } => Ok(service),
        RegisterUri::Directory(_) => {
            Err(wrong("service", service, "only with a Lease as the register (lease:...)"))
        }
    }
}

/// A bare IPv6 address gets the brackets that it needs before a port.
fn advertised(host: &str) -> Result<String, OptionsError> {
    if host.parse::<Ipv6Addr>().is_ok() {
        return Ok(format!("[{host}]"));
    }
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let fits = match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '/', ' ']),
    };
    let why = "it is a host's name or address, without a port";
    fits.then(|| host.to_owned()).ok_or_else(|| wrong("advertise-host", host, why))
}

fn evict(ms: Option<u64>) -> Result<Option<u64>, OptionsError> {
    let ms = within("evict-ms", ms, 0, 86_400_000)?;
    Ok((ms > 0).then_some(ms * MS))
}

/// What a cluster is born with.
fn settings(args: &ServeArgs) -> Result<Settings, OptionsError> {
    fn either<T>(
        option: &'static str,
        value: &Option<String>,
        (one, other): (&str, &str),
        (first, second): (T, T),
    ) -> Result<T, OptionsError> {
        match given(option, value.as_deref())? {
            word if word == one => Ok(first),
            word if word == other => Ok(second),
            word => Err(wrong(option, word, format!("it is {one} or {other}"))),
        }
    }
    let settings = Settings {
        sync_backups: within("sync-backups", args.sync_backups, 1, 8)?,
        min_copies: within("min-copies", args.min_copies, 1, 2)?,
        execution: either(
            "execution",
            &args.execution,
            ("sync", "async"),
            (Execution::Sync, Execution::Async),
        )?,
        acknowledgement: either(
            "acknowledgement",
            &args.acknowledgement,
            ("durable", "received"),
            (Acknowledgement::Durable, Acknowledgement::Received),
        )?,
        backup_execution: either(
            "backups",
            &args.backups,
            ("hot", "deferred"),
            (BackupExecution::Hot, BackupExecution::Deferred),
        )?,
        max_tail_bytes: within("max-tail-bytes", args.max_tail_bytes, 1, MAX_TAIL_BYTES)?,
        max_tail_ms: within("max-tail-ms", args.max_tail_ms, 1, MAX_TAIL_MS)?,
    };
    match settings.check() {
        Ok(()) => Ok(settings),
        Err(why) => Err(wrong("execution", "async", why)),
    }
}

fn log_format(text: &str) -> Result<LogFormat, OptionsError> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(wrong("log-format", text, "it is text or json")),
    }
}

fn log(filter: String) -> Result<String, OptionsError> {
    crate::logging::filter(&filter).map_err(|why| wrong("log", &filter, why))?;
    Ok(filter)
}

fn peers(name: &str, text: &str) -> Result<Vec<(String, String)>, OptionsError> {
    let mut peers: Vec<(String, String)> = Vec::new();
    for peer in text.split(',').map(str::trim).filter(|peer| !peer.is_empty()) {
        let (peer, address) = peer
            .split_once('=')
            .filter(|(name, address)| is_name(name) && is_address(address) && address.contains(':'))
            .ok_or_else(|| wrong("peers", peer, "each is NAME=HOST:PORT"))?;
        if peers.iter().any(|(other, _)| other == peer) {
            return Err(wrong("peers", peer, "it is there twice"));
        }
        peers.push((peer.to_string(), address.to_string()));
    }
    if !is_name(name) {
        let what = "it has 1 to 128 bytes, no comma, space, = or character that is not seen";
        return Err(wrong("name", name, what));
    }
    Ok(peers)
}
