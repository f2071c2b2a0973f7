//! What a listing must be, by a copy of the whole store.

use std::cmp::Reverse;

use bytes::Bytes;
use understudy_machine::{KeyRange, KeyValue, Listing, Mark, Order, Reader};

const KEYS: [&str; 6] = ["\0", "a", "a\0", "b", "c", "d"];

/// Every range that the keys can bound, in every order, in pages of every small size.
pub fn check(reader: &Reader, store: &[KeyValue]) {
    for key in KEYS {
        let expected = store.iter().find(|kv| kv.key == key).cloned();
        assert_eq!(reader.get(key.as_bytes()), expected);
    }
    for range in ranges() {
        let mut expected: Vec<KeyValue> =
            store.iter().filter(|kv| range.contains(&kv.key)).cloned().collect();
        assert_eq!(reader.count(&range), expected.len() as u64);
        for order in [Order::Ascending, Order::Descending, Order::Newest] {
            match order {
                Order::Ascending => expected.sort_by_key(|kv| kv.key.clone()),
                Order::Descending => expected.sort_by_key(|kv| Reverse(kv.key.clone())),
                Order::Newest => {
                    expected.sort_by_key(|kv| (Reverse(kv.mod_revision), kv.key.clone()));
                }
            }
            for limit in [1, 2, 10] {
                assert_eq!(pages(reader, &range, order, limit), expected, "{range:?} {order:?}");
            }
        }
    }
}

fn ranges() -> Vec<KeyRange> {
    let ends = KEYS.map(|key| Bytes::from_static(key.as_bytes()));
    let singles = ends.iter().map(|key| KeyRange::single(key.clone()));
    let between = ends.iter().map(|end| KeyRange::between("a", end.clone()));
    let others = [KeyRange::all(), KeyRange::from("b"), KeyRange::between("", "c")];
    singles.chain(between).chain(others).chain([KeyRange::nothing()]).collect()
}

fn pages(reader: &Reader, range: &KeyRange, order: Order, limit: usize) -> Vec<KeyValue> {
    let range = range.clone();
    let mut listing = Listing { range, order, after: None, limit, bytes: 150, keys_only: false };
    let mut all = Vec::new();
    loop {
        let page = reader.list(&listing);
        assert!(page.keys.len() <= limit && !(page.more && page.keys.is_empty()));
        let last = page.keys.last().map(|kv| (kv.key.clone(), kv.mod_revision));
        all.extend(page.keys);
        if !page.more {
            return all;
        }
        listing.after = last.map(|(key, mod_revision)| Mark { key, mod_revision });
    }
}
