//! A key as the store keeps it.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;

use bytes::Bytes;

/// Keys up to this length lie within the map's nodes.
const INLINE: usize = 23;

/// A key, ordered as bytes. A short one lies within the map's own node: a search through the map
/// then touches no other memory, and the key costs no allocation.
#[derive(Clone)]
pub(crate) enum Key {
    Short(u8, [u8; INLINE]),
    Long(Bytes),
}

impl Key {
    pub fn new(bytes: Bytes) -> Self {
        if bytes.len() > INLINE {
            return Key::Long(bytes);
        }
        let mut short = [0; INLINE];
        short[..bytes.len()].copy_from_slice(&bytes);
        Key::Short(bytes.len() as u8, short)
    }

    pub fn as_slice(&self) -> &[u8] {
        match self {
            Key::Short(length, bytes) => &bytes[..usize::from(*length)],
            Key::Long(bytes) => bytes,
        }
    }

    pub fn to_bytes(&self) -> Bytes {
        match self {
            Key::Short(length, bytes) => Bytes::copy_from_slice(&bytes[..usize::from(*length)]),
            Key::Long(bytes) => bytes.clone(),
        }
    }

    pub fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }
}

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        self.as_slice()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_slice().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_keys_keep_their_bytes_and_order() {
        let lengths = [0, 1, 22, 23, 24, 25, 4096];
        let texts: Vec<_> = lengths
            .iter()
            .flat_map(|length| [vec![0u8; *length], vec![b'k'; *length], vec![0xff; *length]])
            .collect();
        for one in &texts {
            let key = Key::new(one.clone().into());
            assert_eq!((key.as_slice(), &key.to_bytes()[..]), (&one[..], &one[..]));
            for two in &texts {
                assert_eq!(key.cmp(&Key::new(two.clone().into())), one.cmp(two));
            }
        }
    }

    #[test]
    fn a_key_is_no_larger_than_its_handle() {
        assert_eq!(size_of::<Key>(), size_of::<Bytes>());
    }
}
