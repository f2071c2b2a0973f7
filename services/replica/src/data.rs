//! Opens the data directory and restores the machine from it. A directory that cannot prove that it
//! has its log is set aside, and the replica comes back as another copy (rule 11).

use std::path::Path;
use std::time::{Duration, Instant};

use understudy_machine::{KvMachine, Machine};
use understudy_protocol::Recovered;
use understudy_wal::{OpenError, RealDisk, Store, set_aside};

use crate::error::ServeError;
use crate::options::Options;

/// Between two looks at a directory that is in use.
const PAUSE: Duration = Duration::from_millis(50);

/// What a life begins with.
pub(crate) struct Opened {
    pub store: Store<RealDisk>,
    pub recovered: Recovered,
    pub machine: KvMachine,
}

/// The same, once the process before this one has let go of the directory, as far as options let it
/// wait for that.
pub(crate) async fn open_when_free(options: &Options) -> Result<Opened, ServeError> {
    let until = Instant::now() + options.data_wait;
    let mut told = false;
    loop {
        match open(options) {
            Err(ServeError::Data(error @ OpenError::InUse { .. })) if Instant::now() < until => {
                if !std::mem::replace(&mut told, true) {
                    let wait = options.data_wait;
                    tracing::warn!("{error}; waiting up to {wait:.1?} for it to be free");
                }
            }
            opened => return opened,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Opens the data directory, or a fresh one in its place.
pub(crate) fn open(options: &Options) -> Result<Opened, ServeError> {
    match try_open(options)? {
        Ok(opened) => Ok(opened),
        Err(why) => {
            let aside = put_aside(&options.data)?;
            tracing::error!(
                replica = %options.name,
                "the data directory is damaged ({why}): it is set aside as {aside}, and this \
                 replica joins again as another copy"
            );
            try_open(options)?.map_err(ServeError::Snapshot)
        }
    }
}

/// The inner `Err` says what is damaged.
fn try_open(options: &Options) -> Result<Result<Opened, String>, ServeError> {
    let wal = understudy_wal::Options {
        segment_bytes: options.segment_bytes,
        ballast_bytes: options.disk_reserve,
        ..understudy_wal::Options::new(random()?)
    };
    let (store, recovered) = match Store::open(RealDisk::new(&options.data), wal) {
        Ok(opened) => opened,
        Err(OpenError::Damaged(damage)) => return Ok(Err(damage.to_string())),
        Err(error) => return Err(error.into()),
    };
    let snapshot = match store.open_snapshot() {
        Ok(snapshot) => snapshot,
        Err(OpenError::Damaged(damage)) => return Ok(Err(damage.to_string())),
        Err(error) => return Err(error.into()),
    };
    let machine = match snapshot {
        Some(mut snapshot) => KvMachine::restore(&mut snapshot),
        None => Ok(KvMachine::new()),
    };
    Ok(match machine {
        Ok(machine) => Ok(Opened { store, recovered, machine }),
        Err(error) => Err(error.to_string()),
    })
}

/// Renames a data directory that nobody uses; gives its new path.
pub(crate) fn put_aside(data: &Path) -> Result<String, ServeError> {
    let unusable = || ServeError::NoDirectory(data.display().to_string());
    let name = data.file_name().and_then(|name| name.to_str()).ok_or_else(unusable)?;
    let parent = match data.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Err(unusable()),
    };
    Ok(set_aside(parent, name)?.display().to_string())
}

/// 128 random bits of the operating system's.
pub(crate) fn random() -> Result<u128, ServeError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| ServeError::Random(error.to_string()))?;
    Ok(u128::from_be_bytes(bytes))
}
