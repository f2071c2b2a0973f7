//! Checksums that belong to whatever is in a file now. The formats are those that `crates/wal`
//! documents in `seal.rs`, `log/record.rs`, `slots.rs` and `snapshot/mod.rs`.

use understudy_wal::sim::SimDisk;

use super::harm::put;

/// Every checksum of every file of these kinds.
pub fn all(disk: &SimDisk, kinds: &[&str]) {
    for (name, mut content) in disk.contents() {
        if kinds.iter().any(|kind| name.starts_with(kind)) {
            file(&name, &mut content);
            put(disk, &name, &content);
        }
    }
}

fn file(name: &str, content: &mut [u8]) {
    match name {
        "state" => content.chunks_mut(4096).for_each(envelope),
        "identity" => envelope(content),
        _ if name.starts_with("snapshot-") => {
            envelope(content);
            blocks(content);
        }
        _ => {
            envelope(content);
            records(content);
        }
    }
}

/// `magic 8 | format u32 | length of body u32 | CRC32C of all the rest u32 | body`
fn envelope(bytes: &mut [u8]) {
    let Some(length) = word(bytes, 12) else { return };
    let Some(body) = bytes.get(20..).and_then(|rest| rest.get(..length as usize)) else { return };
    let sum = crc32c::crc32c_append(crc32c::crc32c(&bytes[..16]), body);
    bytes[16..20].copy_from_slice(&sum.to_le_bytes());
}

/// `CRC32C u32 | payload length u32 | 7 words | payload`, padded to multiples of 8, from 4096 on;
/// the checksum begins with the segment's life and count.
fn records(bytes: &mut [u8]) {
    let Some(sequence) = bytes.get(44..56) else { return };
    let seed = crc32c::crc32c(sequence);
    let mut at = 4096;
    while let Some(length) = word(bytes, at + 4) {
        let Some(covered) = bytes.get(at + 4..).and_then(|rest| rest.get(..60 + length as usize))
        else {
            return;
        };
        if covered.iter().all(|byte| *byte == 0) {
            return;
        }
        let sum = crc32c::crc32c_append(seed, covered);
        bytes[at..at + 4].copy_from_slice(&sum.to_le_bytes());
        at += 64 + (length as usize).next_multiple_of(8);
    }
}

/// `length u32, top bit: the last one | CRC32C u32 | up to 64 KiB`, from 512 on.
fn blocks(bytes: &mut [u8]) {
    let mut at = 512;
    for number in 0u64.. {
        let Some(length) = word(bytes, at) else { return };
        let data = length & !(1 << 31);
        let Some(data) = bytes.get(at + 8..).and_then(|rest| rest.get(..data as usize)) else {
            return;
        };
        let sum = crc32c::crc32c(&number.to_le_bytes());
        let sum = crc32c::crc32c_append(sum, &length.to_le_bytes());
        let sum = crc32c::crc32c_append(sum, data);
        at += 8 + data.len();
        let place = at - 4 - data.len();
        bytes[place..place + 4].copy_from_slice(&sum.to_le_bytes());
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
