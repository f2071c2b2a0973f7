//! Snapshots: the machine's bytes as of one entry of the log, in checksummed blocks.
//!
//! ```text
//! header, 512 bytes | block | block | ... | last block
//! block: length u32, top bit: the last one | CRC32C u32 | up to 64 KiB
//! ```
//! A file with the name of a snapshot is whole: it was synced before it got the name.

mod block;
mod file;
mod header;
mod incoming;
mod reader;
mod writer;

pub(crate) use file::SnapshotFile;
pub(crate) use header::SnapshotHeader;
pub use incoming::Incoming;
pub use reader::SnapshotReader;
pub use writer::{Finished, SnapshotWriter};
