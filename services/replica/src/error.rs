//! Why a replica did not begin its life.

use std::io;

use crate::memory::TooLittle;
use understudy_arbiter::RegisterUri;
use understudy_wal::{OpenError, SetAsideError};

/// Why a replica did not begin its life; one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A port could not be taken.
    #[error("cannot listen for {who} at {address}: {source}")]
    Listen {
        /// For whom: clients, peers or operations.
        who: &'static str,
        /// The address.
        address: String,
        /// What the operating system answered.
        source: io::Error,
    },
    /// It listens everywhere and does not know where others find it.
    #[error(
        "listening for {0} at every address: say with --advertise-{0}, or --advertise-host, where this \
         replica is found"
    )]
    Advertise(&'static str),
    /// The register cannot be used from here.
    #[error("register {uri}: {why}")]
    Register {
        /// Which one.
        uri: RegisterUri,
        /// Why not, and what to do.
        why: String,
    },
    /// There is less memory than a replica needs.
    #[error(transparent)]
    Memory(#[from] TooLittle),
    /// The data directory was not opened.
    #[error(transparent)]
    Data(#[from] OpenError),
    /// A damaged data directory was not put out of the way.
    #[error(transparent)]
    SetAside(#[from] SetAsideError),
    /// The data directory is no place where one can be.
    #[error("{0} cannot be a data directory: name a directory inside another one")]
    NoDirectory(String),
    /// A machine's snapshot in the data directory cannot be read.
    #[error("the newest snapshot cannot be opened: {0}")]
    Snapshot(String),
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(String),
    /// Logging could not be started.
    #[error("{0}")]
    Log(String),
    /// Signals could not be awaited.
    #[error("cannot await signals: {0}")]
    Signals(io::Error),
}
