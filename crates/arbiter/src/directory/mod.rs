//! The register as files in a shared directory.

pub mod content;
mod create;
mod folder;
mod gate;
mod options;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use understudy_protocol::{Epoch, Observed, Record, RegisterFailure, RegisterUid, WriteAnswer};

pub use create::CreateError;
pub use options::Options;

use crate::Arbiter;
use folder::Folder;
use gate::Gate;

/// A register made of files in a directory that all replicas share, one file for each epoch:
/// `register.0` is the blank register, `register.7` what the seventh write said. The file with the
/// highest epoch is the register; it is never removed.
///
/// A write makes a file under another name, syncs it, and gives it its name by `link(2)`, which the
/// file system does for exactly one of several writers. That is the test-and-set.
///
/// The directory must be on a file system whose directories are the same for everyone at once: a
/// local one, or a network mount without caches (NFS: `noac,lookupcache=none`).
///
/// # The files
/// The first line is `understudy-register FORMAT CRC`: the format's number, now 1, and the CRC32C of
/// everything after that line, eight hexadecimal digits. Then follows JSON:
///
/// ```json
/// {
///   "uid": "32 hex digits: which register object, the same in all files of a directory",
///   "record": {
///     "cluster": "32 hex digits",
///     "epoch": 7,
///     "primary": "32 hex digits: an incarnation",
///     "members": [
///       {
///         "incarnation": "32 hex digits",
///         "name": "a",
///         "peer_address": "host:port",
///         "client_address": "host:port"
///       }
///     ],
///     "floor": 1234,
///     "nonce": "32 hex digits"
///   }
/// }
/// ```
///
/// `record` is `null` in `register.0`. Other files in the directory are left alone, but for what
/// writers that died left, `.register.EPOCH.NONCE.N.tmp`.
pub struct DirectoryRegister {
    dir: PathBuf,
    options: Options,
    gate: Gate,
    /// What `changed` compares with: the highest epoch that was read or written here last.
    seen: Mutex<Option<Epoch>>,
}

impl DirectoryRegister {
    /// Makes the blank register, and the directory if there is none. Only an operator orders this,
    /// or the founding of something new: a register that is gone is not replaced by a blank one.
    ///
    /// # Errors
    /// [`CreateError::Exists`] if the directory has a register; of several creators at once one
    /// wins.
    pub fn create(dir: impl AsRef<Path>) -> Result<RegisterUid, CreateError> {
        create::create(dir.as_ref(), None)
    }

    /// Makes a register that says `record`, in place of one that is gone permanently. Only an operator
    /// orders this: nothing here can know that no higher epoch was ever written.
    ///
    /// # Errors
    /// As for [`DirectoryRegister::create`].
    pub fn restore(dir: impl AsRef<Path>, record: &Record) -> Result<RegisterUid, CreateError> {
        create::create(dir.as_ref(), Some(record))
    }

    /// The register in `dir`, found there now.
    ///
    /// # Errors
    /// [`RegisterFailure::Missing`] if there is none; the others as for a read.
    pub async fn open(
        dir: impl Into<PathBuf>,
        options: Options,
    ) -> Result<DirectoryRegister, RegisterFailure> {
        let register = DirectoryRegister::at(dir, options);
        register.read().await?;
        Ok(register)
    }

    /// The register in `dir`, whether or not it can be reached now: a replica may start, and must
    /// wait, while it is away.
    pub fn at(dir: impl Into<PathBuf>, options: Options) -> DirectoryRegister {
        let gate = Gate::new(options.patience);
        DirectoryRegister { dir: dir.into(), options, gate, seen: Mutex::new(None) }
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn seen(&self) -> MutexGuard<'_, Option<Epoch>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Arbiter for DirectoryRegister {
    async fn read(&self) -> Result<Observed, RegisterFailure> {
        let dir = self.dir.clone();
        let observed = self
            .gate
            .pass(move || read(&dir))
            .await
            .unwrap_or_else(|stuck| Err(RegisterFailure::Unreachable(stuck.at(&self.dir))))?;
        *self.seen() = Some(epoch_of(&observed));
        Ok(observed)
    }

    async fn write(&self, base: &Observed, record: &Record) -> WriteAnswer {
        assert_eq!(record.epoch, epoch_of(base) + 1, "every write is epoch + 1");
        let (dir, keep, epoch) = (self.dir.clone(), self.options.keep, record.epoch);
        let (base, record) = (base.clone(), record.clone());
        let answer = self.gate.pass(move || write(&dir, &base, &record, keep)).await;
        let answer = answer.unwrap_or_else(|stuck| WriteAnswer::NoAnswer(stuck.at(&self.dir)));
        if answer == WriteAnswer::Written {
            *self.seen() = Some(epoch);
        }
        answer
    }

    async fn check(&self) -> Result<(), String> {
        let dir = self.dir.clone();
        let checked = self.gate.pass(move || try_out(&dir)).await;
        checked
            .unwrap_or_else(|stuck| Err(RegisterFailure::Unreachable(stuck.at(&self.dir))))
            .map_err(|failure| failure.to_string())
    }

    async fn changed(&self) {
        loop {
            tokio::time::sleep(self.options.poll).await;
            let dir = self.dir.clone();
            let highest = self.gate.pass(move || Folder::open(&dir)?.highest()).await;
            if let Ok(Ok(highest)) = highest
                && *self.seen() != Some(highest)
            {
                return;
            }
        }
    }
}

/// Nothing is returned that a crash could take back: the directory is synced between finding the
/// highest file and answering.
fn read(dir: &Path) -> Result<Observed, RegisterFailure> {
    let folder = Folder::open(dir)?;
    let observed = folder.read_highest()?;
    folder.sync()?;
    Ok(observed)
}

fn try_out(dir: &Path) -> Result<(), RegisterFailure> {
    let folder = Folder::open(dir)?;
    let epoch = epoch_of(&folder.read_highest()?);
    folder.try_draft(epoch + 1)
}

fn write(dir: &Path, base: &Observed, record: &Record, keep: u64) -> WriteAnswer {
    try_write(dir, base, record, keep).unwrap_or_else(|failure| match failure {
        RegisterFailure::Unreachable(why)
        | RegisterFailure::Missing(why)
        | RegisterFailure::Damaged(why) => WriteAnswer::NoAnswer(why),
    })
}

fn try_write(
    dir: &Path,
    base: &Observed,
    record: &Record,
    keep: u64,
) -> Result<WriteAnswer, RegisterFailure> {
    // All of one write happens in the directory opened here, whatever its name leads to meanwhile.
    let folder = Folder::open(dir)?;
    let current = folder.read_highest()?;
    if (current.uid, &current.version) != (base.uid, &base.version) {
        return Ok(WriteAnswer::Conflict);
    }
    let bytes = content::encode(base.uid, Some(record));
    if !folder.publish(record.epoch, record.nonce.0, &bytes)? {
        return Ok(WriteAnswer::Conflict);
    }
    folder.sync()?;
    // The file of our epoch may have been there before, overtaken and removed again since the check
    // above: won only if ours is now the highest.
    if folder.highest()? != record.epoch {
        return Ok(WriteAnswer::Conflict);
    }
    folder.collect(record.epoch, keep);
    Ok(WriteAnswer::Written)
}

fn epoch_of(observed: &Observed) -> Epoch {
    observed.record.as_ref().map_or(0, |record| record.epoch)
}
