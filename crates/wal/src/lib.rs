//! The data directory: segmented log, snapshots and hard state on disk.
//!
//! [`Store`] owns one directory. It starts no thread, reads no clock and draws no random number,
//! and it reaches the disk only through [`Disk`], so that a simulation runs the very code that
//! ships over a disk that forgets what was not synced (module `sim`, feature `sim`).
//!
//! ```text
//! lock                          held while a store is open
//! identity                      which copy of the log this is
//! state                         the hard state, in place, two slots
//! segment-<life>-<count>        the log
//! snapshot-<generation>-<index> the machine as of that entry
//! spare-<life>-<count>          a segment to be used again
//! cut-<life>-<count>            a tail that was cut though clients were told about it
//! ballast                       room for when the disk is full
//! ```
//!
//! What decides after a crash: the newest `state` slot that is whole; the newest `snapshot-*`, and
//! with it the segments of its generation; in these, every record up to the first that is not
//! whole, which must lie after everything ever known to be durable.

mod ballast;
mod chunk;
mod cut;
mod disk;
mod error;
mod identity;
mod install;
mod listing;
mod log;
mod open;
mod options;
mod real;
mod room;
mod seal;
mod set_aside;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
mod slots;
mod snapshot;
mod store;
mod verify;

pub use chunk::{SnapshotChunk, Stored};
pub use cut::{Cut, cuts};
pub use disk::{Disk, DiskFile, FileId, LockError};
pub use error::{Damage, OpenError, ReadError, WriteError, is_full};
pub use log::Entries;
pub use options::Options;
pub use real::{RealDisk, RealFile, RealLock};
pub use seal::FORMAT;
pub use set_aside::{SetAsideError, set_aside};
pub use snapshot::{Finished, Incoming, SnapshotReader, SnapshotWriter};
pub use store::Store;
pub use verify::{Report, SegmentReport, entries, verify};
