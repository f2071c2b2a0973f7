//! A replica's options: flags over environment over a TOML file over defaults.

mod args;
mod error;
mod resolve;
mod table;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use understudy_arbiter::RegisterUri;
use understudy_protocol::{Settings, Timing};

pub use args::ServeArgs;
pub use error::OptionsError;
pub use table::options_table;

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
