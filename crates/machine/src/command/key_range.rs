//! A range of ordered bytes.

use std::ops::Bound;

use bytes::Bytes;

/// The keys from `start` (included) to `end` (excluded), ordered as bytes.
///
/// An empty `end` means the single key `start`; an `end` of one zero byte means "to the last key"
/// (no other range could end there, since no key is empty). An empty `start` with an `end` begins
/// at the first key. A range whose `end` is not above its `start` holds nothing.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct KeyRange {
    /// The first key.
    #[prost(bytes = "bytes", tag = "1")]
    pub start: Bytes,
    /// The first key behind it.
    #[prost(bytes = "bytes", tag = "2")]
    pub end: Bytes,
}

/// What an ordered map takes for a range.
pub(crate) type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// The `end` that means "to the last key".
const LAST: &[u8] = &[0];

impl KeyRange {
    /// One key.
    pub fn single(key: impl Into<Bytes>) -> Self {
        KeyRange { start: key.into(), end: Bytes::new() }
    }

    /// The keys from `start` up to, and without, `end`.
    pub fn between(start: impl Into<Bytes>, end: impl Into<Bytes>) -> Self {
        KeyRange { start: start.into(), end: end.into() }
    }

    /// The keys from `start` on.
    pub fn from(start: impl Into<Bytes>) -> Self {
        KeyRange { start: start.into(), end: Bytes::from_static(LAST) }
    }

    /// No key.
    pub fn nothing() -> Self {
        let end = Bytes::from_static(&[1]);
        KeyRange { start: end.clone(), end }
    }

    /// All keys.
    pub fn all() -> Self {
        KeyRange::from(Bytes::new())
    }

    /// The keys that begin with `prefix`; all keys for an empty one.
    pub fn prefix(prefix: impl Into<Bytes>) -> Self {
        let start = prefix.into();
        let mut end = start.to_vec();
        while end.last() == Some(&0xff) {
            end.pop();
        }
        match end.last_mut() {
            Some(last) => {
                *last += 1;
                KeyRange { start, end: end.into() }
            }
            None => KeyRange::from(start),
        }
    }

    /// Whether the range is one key by its form.
    pub fn is_single(&self) -> bool {
        self.end.is_empty()
    }

    /// Whether `key` lies in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        if self.is_single() {
            return key == self.start;
        }
        key >= &self.start[..] && (self.end == LAST || key < &self.end[..])
    }

    /// Whether any key could lie in both.
    pub fn overlaps(&self, other: &KeyRange) -> bool {
        !self.is_empty()
            && !other.is_empty()
            && self.begins_below_end(other)
            && other.begins_below_end(self)
    }

    /// Whether no key can lie in it.
    pub fn is_empty(&self) -> bool {
        !self.is_single() && self.end != LAST && self.end <= self.start
    }

    /// The bounds for an ordered map; `None` when no key can lie between them.
    pub(crate) fn bounds(&self) -> Option<Bounds<'_>> {
        if self.is_empty() {
            return None;
        }
        let start = Bound::Included(&self.start[..]);
        let end = match &self.end[..] {
            [] => Bound::Included(&self.start[..]),
            end if end == LAST => Bound::Unbounded,
            end => Bound::Excluded(end),
        };
        Some((start, end))
    }

    fn begins_below_end(&self, other: &KeyRange) -> bool {
        match &other.end[..] {
            [] => self.start <= other.start,
            end if end == LAST => true,
            end => &self.start[..] < end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every range between these ends, against the definition by single keys.
    #[test]
    fn membership_overlap_and_bounds_agree() {
        let ends: [&'static [u8]; 8] =
            [b"", b"\0", b"a", b"a\0", b"ab", b"b", b"\xff", b"\xff\xff"];
        let keys = &ends[1..];
        let ranges: Vec<_> = ends
            .iter()
            .flat_map(|start| ends.iter().map(|end| KeyRange::between(*start, *end)))
            .filter(|range| !(range.is_single() && range.start.is_empty()))
            .collect();
        let all: imbl::OrdMap<Bytes, ()> =
            keys.iter().map(|key| (Bytes::from_static(key), ())).collect();
        for range in &ranges {
            let bounds = range.bounds();
            let mapped: Vec<_> =
                bounds.into_iter().flat_map(|bounds| all.range::<_, [u8]>(bounds)).collect();
            let members = keys.iter().filter(|key| range.contains(key)).count();
            assert_eq!(mapped.len(), members, "{range:?}");
            assert!(!range.is_empty() || members == 0, "{range:?}");
            for other in &ranges {
                // The later start is in both, if any key is; an empty start stands for the first key.
                let start =
                    range.start.clone().max(other.start.clone()).max(Bytes::from_static(b"\0"));
                let both = range.contains(&start) && other.contains(&start);
                assert_eq!(range.overlaps(other), both, "{range:?} {other:?}");
            }
        }
    }

    #[test]
    fn nothing_holds_nothing_and_all_holds_all() {
        for key in [&b"\0"[..], b"\x01", b"a", b"\xff"] {
            assert!(!KeyRange::nothing().contains(key) && KeyRange::all().contains(key));
        }
        assert!(KeyRange::nothing().is_empty() && !KeyRange::all().is_empty());
    }

    #[test]
    fn a_prefix_holds_what_begins_with_it() {
        for prefix in [&b""[..], b"a", b"a\xff", b"\xff", b"\xff\xff"] {
            let range = KeyRange::prefix(prefix.to_vec());
            let keys: [&[u8]; 9] = [
                b"\0",
                b"`",
                b"a",
                b"a\xff",
                b"a\xff\xff",
                b"b",
                b"\xff",
                b"\xff\xff",
                b"\xff\xff\0",
            ];
            for key in keys {
                assert_eq!(range.contains(key), key.starts_with(prefix), "{prefix:?} {key:?}");
            }
        }
    }
}
