//! The envelope of every header and small record: which file, which format, whole or not.
//!
//! ```text
//! magic 8 | format u32 | length of body u32 | CRC32C of all the rest u32 | body
//! ```
//! Integers are little-endian. Magic and format keep their place in every format to come.

use bytes::{Buf, BufMut};

use crate::error::{Damage, OpenError};

/// Version of the directory's files and of the commands in them. A directory of another one is refused: replayed,
/// its entries would do something else than they did (in 1, a range that ended at a byte 0 had no end; up to 2,
/// nothing that was made had an owner, and nobody a share).
pub const FORMAT: u32 = 3;

pub(crate) const OVERHEAD: usize = 20;

/// Wraps `body`.
pub(crate) fn seal(magic: &[u8; 8], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(OVERHEAD + body.len());
    out.put_slice(magic);
    out.put_u32_le(FORMAT);
    out.put_u32_le(body.len() as u32);
    out.put_u32_le(crc32c::crc32c_append(crc32c::crc32c(&out), body));
    out.put_slice(body);
    out
}

/// What is wrong with an envelope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Broken {
    /// It is of this format, and this program reads [`FORMAT`] only.
    Format(u32),
    Bad(&'static str),
}

impl Broken {
    pub(crate) fn of(self, file: &str) -> OpenError {
        match self {
            Broken::Format(found) if found > FORMAT => {
                OpenError::NewerFormat { file: file.into(), found, known: FORMAT }
            }
            Broken::Format(found) => {
                OpenError::OlderFormat { file: file.into(), found, known: FORMAT }
            }
            Broken::Bad(why) => Damage::new(file, 0, 0, why).into(),
        }
    }
}

/// The body, if the envelope is whole. `bytes` may go on after it.
pub(crate) fn unseal<'a>(magic: &[u8; 8], bytes: &'a [u8]) -> Result<&'a [u8], Broken> {
    let mut head = bytes.get(..OVERHEAD).ok_or(Broken::Bad("the file is too short"))?;
    if head.copy_to_bytes(8) != magic[..] {
        return Err(Broken::Bad("it does not begin as such a file does"));
    }
    let (format, length, sum) = (head.get_u32_le(), head.get_u32_le(), head.get_u32_le());
    if format > FORMAT {
        return Err(Broken::Format(format));
    }
    let body = bytes[OVERHEAD..].get(..length as usize).ok_or(Broken::Bad("its header is cut"))?;
    if crc32c::crc32c_append(crc32c::crc32c(&bytes[..16]), body) != sum {
        return Err(Broken::Bad("the checksum of its header differs"));
    }
    // Older ones had their checksum in the same place: else it is damage.
    if format < FORMAT {
        return Err(Broken::Format(format));
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MAGIC: &[u8; 8] = b"USTDTEST";

    #[test]
    fn what_was_sealed_is_unsealed() {
        let mut sealed = seal(MAGIC, b"body");
        sealed.extend_from_slice(b"whatever follows");
        assert_eq!(unseal(MAGIC, &sealed).unwrap(), b"body");
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let sealed = seal(MAGIC, b"body");
        for bit in 0..sealed.len() * 8 {
            let mut bad = sealed.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(unseal(MAGIC, &bad).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn another_format_is_named() {
        for other in [1, 9] {
            let mut sealed = seal(MAGIC, b"body");
            sealed[8] = other;
            let sum = crc32c::crc32c_append(crc32c::crc32c(&sealed[..16]), b"body");
            sealed[16..20].copy_from_slice(&sum.to_le_bytes());
            assert_eq!(unseal(MAGIC, &sealed), Err(Broken::Format(other.into())));
        }
        let mut flipped = seal(MAGIC, b"body");
        flipped[8] = 1;
        assert!(
            matches!(unseal(MAGIC, &flipped), Err(Broken::Bad(_))),
            "it is not one of format 1"
        );
    }

    #[test]
    fn a_cut_envelope_is_refused() {
        let sealed = seal(MAGIC, b"body");
        for bytes in 0..sealed.len() {
            assert!(unseal(MAGIC, &sealed[..bytes]).is_err());
        }
    }
}
