//! Making the blank register.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use thiserror::Error;
use understudy_protocol::{Record, RegisterFailure, RegisterUid};

use super::content;
use super::folder::Folder;

/// Why no register was made.
#[derive(Debug, Error)]
pub enum CreateError {
    /// There is one.
    #[error("{} has a register already: use it, or name another directory", .0.display())]
    Exists(PathBuf),
    /// The directory cannot be used.
    #[error("cannot make a register in {}: {why}", dir.display())]
    Failed {
        /// Where.
        dir: PathBuf,
        /// Why not.
        why: String,
    },
}

pub fn create(dir: &Path, record: Option<&Record>) -> Result<RegisterUid, CreateError> {
    let failed = |why: String| CreateError::Failed { dir: dir.into(), why };
    make_directory(dir).map_err(|error| failed(error.to_string()))?;
    let mut uid = [0; 16];
    getrandom::fill(&mut uid).map_err(|error| failed(error.to_string()))?;
    let uid = RegisterUid(u128::from_be_bytes(uid));
    match publish(dir, uid, record) {
        Ok(true) => Ok(uid),
        Ok(false) => Err(CreateError::Exists(dir.into())),
        Err(
            RegisterFailure::Unreachable(why)
            | RegisterFailure::Missing(why)
            | RegisterFailure::Damaged(why),
        ) => Err(failed(why)),
    }
}

/// `register.0` is never removed by us, so that its name alone decides between creators; if there is
/// none, the others speak.
fn publish(dir: &Path, uid: RegisterUid, record: Option<&Record>) -> Result<bool, RegisterFailure> {
    let folder = Folder::open(dir)?;
    match folder.highest() {
        Err(RegisterFailure::Missing(_)) => {}
        Err(other) => return Err(other),
        Ok(_) => return Ok(false),
    }
    let epoch = record.map_or(0, |record| record.epoch);
    let made = folder.publish(epoch, uid.0, &content::encode(uid, record))?;
    folder.sync()?;
    Ok(made && folder.highest()? == epoch)
}

/// Makes the directory and its parents, durably.
fn make_directory(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    make_directory(parent)?;
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::File::open(parent)?.sync_all()
}
