//! A range of ordered bytes.

use std::ops::Bound;

use bytes::Bytes;
use understudy_evidence::correct;

/// Some keys, ordered as bytes. Which form a range has is said beside its ends, never by them: any bytes
/// may be an end, so none could stand for "no end".
#[derive(Clone, PartialEq, Eq, Hash, prost::Oneof)]
pub enum KeyRange {
    /// One key.
    #[prost(bytes = "bytes", tag = "4")]
    Key(Bytes),
    /// All keys from this one on.
    #[prost(bytes = "bytes", tag = "5")]
    From(Bytes),
    /// The keys from one on, up to another.
    #[prost(message, tag = "6")]
    Between(Between),
}

/// The keys from `start` (included) to `end` (excluded): none if `end` is not above `start`.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct Between {
    /// The first key.
    #[prost(bytes = "bytes", tag = "1")]
    pub start: Bytes,
    /// The first key after it.
    #[prost(bytes = "bytes", tag = "2")]
    pub end: Bytes,
}

/// What an ordered map takes for a range.
pub(crate) type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// The first of all keys that can be: none is empty.
const FIRST: &[u8] = &[0];

impl KeyRange {
    /// One key.
    pub fn single(key: impl Into<Bytes>) -> Self {
        KeyRange::Key(key.into())
    }

    /// The keys from `start` up to, and without, `end`.
    pub fn between(start: impl Into<Bytes>, end: impl Into<Bytes>) -> Self {
        KeyRange::Between(Between { start: start.into(), end: end.into() })
    }

    /// The keys from `start` on.
    pub fn from(start: impl Into<Bytes>) -> Self {
        KeyRange::From(start.into())
    }

    /// No key.
    pub fn nothing() -> Self {
        KeyRange::between("", "")
    }

    /// All keys.
    pub fn all() -> Self {
        KeyRange::from("")
    }

    /// The keys that begin with `prefix`; all keys for an empty one.
    pub fn prefix(prefix: impl Into<Bytes>) -> Self {
        let start = prefix.into();
        let mut end = start.to_vec();
        // Nothing that begins with these bytes lies below the next larger bytes of that length or less.
        while end.last() == Some(&0xff) {
            end.pop();
        }
        match end.last_mut() {
            Some(last) => {
                *last += 1;
                KeyRange::between(start, end)
            }
            None => KeyRange::from(start),
        }
    }

    /// What of the range comes after a key.
    pub fn after(&self, key: &[u8]) -> KeyRange {
        // Nothing lies between a key and the same with a zero byte more.
        let next: Bytes = [key, &[0]].concat().into();
        match self {
            KeyRange::Key(only) if **only > *key => self.clone(),
            KeyRange::Key(_) => KeyRange::nothing(),
            KeyRange::From(start) => KeyRange::from(next.max(start.clone())),
            KeyRange::Between(Between { start, end }) => {
                KeyRange::between(next.max(start.clone()), end.clone())
            }
        }
    }

    /// What of the range comes before a key.
    pub fn before(&self, key: &Bytes) -> KeyRange {
        match self {
            KeyRange::Key(only) if only < key => self.clone(),
            KeyRange::Key(_) => KeyRange::nothing(),
            KeyRange::From(start) => KeyRange::between(start.clone(), key.clone()),
            KeyRange::Between(Between { start, end }) => {
                KeyRange::between(start.clone(), end.min(key).clone())
            }
        }
    }

    /// Whether `key` lies in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        let (start, end) = self.ends();
        let below = match end {
            Bound::Unbounded => true,
            Bound::Included(last) => key <= last,
            Bound::Excluded(end) => key < end,
        };
        key >= start && below
    }

    /// Whether any key could lie in both.
    pub fn overlaps(&self, other: &KeyRange) -> bool {
        let begins_within = |one: &KeyRange, other: &KeyRange| match other.ends().1 {
            Bound::Unbounded => true,
            Bound::Included(last) => one.first() <= last,
            Bound::Excluded(end) => one.first() < end,
        };
        !self.is_empty()
            && !other.is_empty()
            && begins_within(self, other)
            && begins_within(other, self)
    }

    /// Whether no key can lie in it.
    pub fn is_empty(&self) -> bool {
        match self.ends().1 {
            Bound::Unbounded => false,
            Bound::Included(last) => last < self.first(),
            Bound::Excluded(end) => end <= self.first(),
        }
    }

    /// The first key that could lie in it, were it not empty.
    pub fn first(&self) -> &[u8] {
        self.ends().0.max(FIRST)
    }

    /// The bounds for an ordered map; `None` when no key can lie between them.
    pub(crate) fn bounds(&self) -> Option<Bounds<'_>> {
        let (start, end) = self.ends();
        (!self.is_empty()).then_some((Bound::Included(start), end))
    }

    /// Where it begins, and where it ends.
    fn ends(&self) -> (&[u8], Bound<&[u8]>) {
        match self {
            KeyRange::Key(key) => (key, Bound::Included(key)),
            KeyRange::From(start) => (start, Bound::Unbounded),
            KeyRange::Between(Between { start, end }) => {
                let no_end = correct!(false, "zero-byte-is-no-end" => *end == FIRST);
                (start, if no_end { Bound::Unbounded } else { Bound::Excluded(end) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&[u8]; 9] =
        [b"\0", b"\0\0", b"\x01", b"a", b"a\0", b"ab", b"b", b"\xff", b"\xff\xff"];

    fn ends() -> impl Iterator<Item = &'static [u8]> {
        [&b""[..]].into_iter().chain(KEYS)
    }

    /// Whether a key lies in a range, by definition.
    type Holds = Box<dyn Fn(&[u8]) -> bool>;

    /// Every range of every form between these ends.
    fn ranges() -> Vec<(KeyRange, Holds)> {
        let mut ranges: Vec<(KeyRange, Holds)> = Vec::new();
        for start in ends() {
            ranges.push((KeyRange::single(start), Box::new(move |key| key == start)));
            ranges.push((KeyRange::from(start), Box::new(move |key| key >= start)));
            for end in ends() {
                let within = move |key: &[u8]| key >= start && key < end;
                ranges.push((KeyRange::between(start, end), Box::new(within)));
            }
        }
        ranges
    }

    #[test]
    fn any_two_ends_are_a_range_of_what_lies_between() {
        let all: imbl::OrdMap<Bytes, ()> =
            KEYS.iter().map(|key| (Bytes::from_static(key), ())).collect();
        for (range, holds) in ranges() {
            let expected: Vec<&[u8]> = KEYS.into_iter().filter(|key| holds(key)).collect();
            let bounds = range.bounds();
            let mapped: Vec<_> =
                bounds.into_iter().flat_map(|bounds| all.range::<_, [u8]>(bounds)).collect();
            assert!(
                mapped.iter().map(|(key, ())| &key[..]).eq(expected.iter().copied()),
                "{range:?}"
            );
            let held = KEYS.into_iter().filter(|key| range.contains(key));
            assert!(held.eq(expected.iter().copied()), "{range:?}");
            assert_eq!(range.is_empty(), !holds(range.first()), "{range:?}");
            for key in KEYS {
                let (before, after) = (range.before(&Bytes::from_static(key)), range.after(key));
                for other in KEYS {
                    assert_eq!(before.contains(other), holds(other) && other < key, "{range:?}");
                    assert_eq!(after.contains(other), holds(other) && other > key, "{range:?}");
                }
            }
        }
    }

    #[test]
    fn two_ranges_overlap_where_a_key_lies_in_both() {
        let ranges = ranges();
        for (one, holds) in &ranges {
            for (other, held) in &ranges {
                // The later first key is in both, if any key is.
                let first = one.first().max(other.first());
                assert_eq!(one.overlaps(other), holds(first) && held(first), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn nothing_holds_nothing_and_all_holds_all() {
        for key in KEYS {
            assert!(!KeyRange::nothing().contains(key) && KeyRange::all().contains(key));
        }
        assert!(KeyRange::nothing().is_empty() && !KeyRange::all().is_empty());
    }

    #[test]
    fn a_prefix_holds_what_begins_with_it() {
        for prefix in [&b""[..], b"\0", b"a", b"a\xff", b"\xff", b"\xff\xff", b"\0\xff"] {
            let range = KeyRange::prefix(prefix.to_vec());
            let keys: [&[u8]; 13] = [
                b"\0",
                b"\0\0",
                b"\0\xff",
                b"\0\xff\0",
                b"\x01",
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
