//! Moves a damaged directory aside without erasing anything.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::disk::{Disk, LockError, holder};
use crate::listing::BALLAST;
use crate::real::{RealDisk, sync_directory};

/// Why a directory was not set aside.
#[derive(Debug, thiserror::Error)]
pub enum SetAsideError {
    /// A process works on it.
    #[error("{dir} is in use by {}: stop that one first", holder(.pid))]
    InUse {
        /// The directory.
        dir: String,
        /// Who holds it, if known.
        pid: Option<u32>,
    },
    /// The file system said no; the directory is where it was.
    #[error("cannot set {dir} aside: {source}")]
    Io {
        /// The directory.
        dir: String,
        /// What the file system answered.
        source: io::Error,
    },
}

/// Renames the data directory `name` in `parent` to `<name>.set-aside-<n>`, durably, with the first
/// `n` from 1 that is free, and gives the new path.
///
/// The directory must lie in a directory that can be written: the root of a volume cannot be
/// renamed.
pub fn set_aside(parent: &Path, name: &str) -> Result<PathBuf, SetAsideError> {
    let from = parent.join(name);
    let dir = from.display().to_string();
    let lock = match RealDisk::new(&from).lock() {
        Ok(lock) => lock,
        Err(LockError::Held(pid)) => return Err(SetAsideError::InUse { dir, pid }),
        Err(LockError::Io(source)) => return Err(SetAsideError::Io { dir, source }),
    };
    let moved = rename(parent, name, &from).map_err(|source| SetAsideError::Io { dir, source });
    drop(lock);
    moved
}

fn rename(parent: &Path, name: &str, from: &Path) -> io::Result<PathBuf> {
    let taken = |path: &PathBuf| path.symlink_metadata().is_ok();
    let mut names = (1..).map(|n| parent.join(format!("{name}.set-aside-{n}")));
    let to = names.find(|path| !taken(path)).ok_or(io::ErrorKind::AlreadyExists)?;
    fs::rename(from, &to)?;
    sync_directory(parent)?;
    // Nobody writes there any more: what it holds for nothing is of use elsewhere.
    let _ = fs::remove_file(to.join(BALLAST));
    Ok(to)
}
