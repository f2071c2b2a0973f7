//! What can go wrong with a data directory. Each message is one line that says what to do.

use std::io;

use understudy_protocol::{ClusterId, Index};

use crate::disk::holder;

/// A place in a file that does not hold what it must.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}, offset {offset}, entry {index}: {why}")]
pub struct Damage {
    /// Name of the file in the data directory.
    pub file: String,
    /// Where in it, bytes.
    pub offset: u64,
    /// The log entry that should be there; 0 where no entry is meant.
    pub index: Index,
    /// What is wrong there.
    pub why: String,
}

impl Damage {
    pub(crate) fn new(file: &str, offset: u64, index: Index, why: impl Into<String>) -> Self {
        Damage { file: file.into(), offset, index, why: why.into() }
    }
}

/// Why a data directory was not opened. Nothing was changed that matters.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process works on it.
    #[error(
        "data directory {dir} is in use by {}: stop that one or choose another directory",
        holder(.pid)
    )]
    InUse {
        /// The directory.
        dir: String,
        /// Who holds it, if known.
        pid: Option<u32>,
    },
    /// It is not the directory that the replica made, but a copy of it.
    #[error(
        "data directory {dir} was copied or restored: if the original is gone permanently, order \
         the use of this copy with `understudy recover`"
    )]
    Copied {
        /// The directory.
        dir: String,
    },
    /// A newer program wrote it.
    #[error("{file} has format {found} and this program knows {known}: start a newer understudy")]
    NewerFormat {
        /// The file.
        file: String,
        /// Its format.
        found: u32,
        /// The newest known one.
        known: u32,
    },
    /// An older program wrote it, and its entries mean something else now.
    #[error(
        "{file} has format {found} and this program knows {known}: start the understudy that \
         wrote it"
    )]
    OlderFormat {
        /// The file.
        file: String,
        /// Its format.
        found: u32,
        /// The oldest known one.
        known: u32,
    },
    /// Files of two clusters lie in it.
    #[error(
        "{file} belongs to cluster {found} and the data directory to {expected}: take the file \
         out, or set the directory aside"
    )]
    AnotherCluster {
        /// The file.
        file: String,
        /// Whose it is.
        found: ClusterId,
        /// Whose the directory is.
        expected: ClusterId,
    },
    /// It cannot prove that it has its log.
    #[error(
        "the data directory is damaged ({0}): look at it with `understudy verify`, set it aside \
         and let the replica join anew"
    )]
    Damaged(#[from] Damage),
    /// The file system said no.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What it answered.
        source: io::Error,
    },
}

impl OpenError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| OpenError::Io { what: what.into(), source }
    }
}

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The disk is full. Log, state and snapshots are as they were.
    #[error("no space left on the disk: make room, writing goes on by itself")]
    NoSpace,
    /// A write or sync failed. What the files hold is uncertain: this life must end.
    #[error("cannot {what}: {source}; this life must end, the next one checks the files")]
    Io {
        /// What was tried.
        what: String,
        /// What the file system answered.
        source: io::Error,
    },
    /// An earlier error has made this store unusable for writing.
    #[error("the store is closed for writing since an earlier error ({0}): start a new life")]
    Poisoned(String),
    /// The entry is not what follows the log. A bug of the caller.
    #[error("entry {index} does not follow the log, which ends at {last}: a bug, please report it")]
    DoesNotFollow {
        /// The entry's index.
        index: Index,
        /// The log's last index.
        last: Index,
    },
    /// The log cannot be cut there. A bug of the caller.
    #[error(
        "the log cannot be cut after entry {after}, its snapshot ends at {snapshot}: a bug, please report it"
    )]
    BelowSnapshot {
        /// Where it should have been cut.
        after: Index,
        /// The end of the newest snapshot.
        snapshot: Index,
    },
    /// The snapshot stands for a prefix that the log does not have. A bug of the caller.
    #[error("the snapshot at entry {0} does not belong to this log: a bug, please report it")]
    NotInLog(Index),
    /// The snapshot that was received ends before the commit index. A bug of the caller.
    #[error(
        "a snapshot at entry {index} cannot replace a log that is committed up to {commit}: a bug, please report it"
    )]
    BelowCommit {
        /// Where the snapshot ends.
        index: Index,
        /// The commit index on disk.
        commit: Index,
    },
    /// The snapshot that was received is not whole.
    #[error("the snapshot that was received is not whole ({0}): it will be sent again")]
    BadSnapshot(Damage),
}

impl WriteError {
    /// Whether the caller has asked for what cannot be.
    pub fn is_bug(&self) -> bool {
        match self {
            WriteError::DoesNotFollow { .. }
            | WriteError::BelowSnapshot { .. }
            | WriteError::NotInLog(_)
            | WriteError::BelowCommit { .. } => true,
            WriteError::NoSpace
            | WriteError::Io { .. }
            | WriteError::Poisoned(_)
            | WriteError::BadSnapshot(_) => false,
        }
    }

    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| WriteError::Io { what: what.into(), source }
    }

    /// For writes that take new space: a full disk is no reason to end a life.
    pub(crate) fn space(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| match is_full(&source) {
            true => WriteError::NoSpace,
            false => WriteError::Io { what: what.into(), source },
        }
    }
}

/// Whether the disk, or a quota on it, is full.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The log begins later: its older part went when a snapshot covered it.
    #[error("entry {from} is not in the log any more, it begins at {first}: send the snapshot")]
    Released {
        /// The entry asked for.
        from: Index,
        /// The first one there is.
        first: Index,
    },
    /// The log ends earlier.
    #[error("entry {from} is not in the log yet, it ends at {last}")]
    Beyond {
        /// The entry asked for.
        from: Index,
        /// The last one there is.
        last: Index,
    },
    /// There is no snapshot.
    #[error("there is no snapshot yet")]
    NoSnapshot,
    /// The offset is past the snapshot's end.
    #[error("offset {offset} is past the end of the snapshot")]
    PastEnd {
        /// The offset asked for, bytes.
        offset: u64,
    },
    /// What is there is not what was written.
    #[error("the data directory is damaged ({0}): look at it with `understudy verify`")]
    Damaged(#[from] Damage),
    /// The file system said no.
    #[error("cannot read {what}: {source}")]
    Io {
        /// The file.
        what: String,
        /// What the file system answered.
        source: io::Error,
    },
}

impl ReadError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| ReadError::Io { what: what.into(), source }
    }
}
