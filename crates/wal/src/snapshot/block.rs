//! The blocks of a snapshot.

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
