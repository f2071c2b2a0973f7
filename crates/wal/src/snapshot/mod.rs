//! Snapshots: the machine's bytes as of one entry of the log, in checksummed blocks.
//!
//! ```text
//! header, 512 bytes | block | block | ... | last block
//! block: length u32, top bit: the last one | CRC32C u32 | up to 64 KiB
//! ```
//! A file with the name of a snapshot is whole: it was synced before it got the name.

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

/// Bytes of the machine in every block but the last.
pub(crate) const BLOCK: usize = 64 * 1024;
/// Bytes before each block.
pub(crate) const BLOCK_HEAD: usize = 8;
/// Set in the length of the last block.
pub(crate) const LAST: u32 = 1 << 31;

/// The checksum of a block, which also says where it belongs.
pub(crate) fn checksum(number: u64, length: u32, data: &[u8]) -> u32 {
    let sum = crc32c::crc32c(&number.to_le_bytes());
    let sum = crc32c::crc32c_append(sum, &length.to_le_bytes());
    crc32c::crc32c_append(sum, data)
}
