//! Which keys belong to a lock's queue.
//!
//! `NAME/.lock/LEASE`, where LEASE is the id of the lease that the key is attached to, in 16 lower-case hex
//! digits. What follows a name has one length, so a key belongs to one name alone, whatever names hold;
//! and what users write beside, hanging on no lease or on another one, counts for nothing.

use bytes::Bytes;
use understudy_proto::kv::v1::KeyValue;

/// What all keys of the queue begin with. Other keys may, too.
pub(super) fn prefix(name: &str) -> Bytes {
    format!("{name}/.lock/").into()
}

/// The key in the queue of this lease's holder.
pub(super) fn of(name: &str, lease: i64) -> Bytes {
    format!("{name}/.lock/{lease:016x}").into()
}

/// Whether a key stands in the queue.
pub(super) fn stands(name: &str, kv: &KeyValue) -> bool {
    kv.lease_id > 0 && kv.key == of(name, kv.lease_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name of at most five of these pieces.
    fn names() -> Vec<String> {
        let pieces = ["a", "/", "/.lock/", "0000000000000007"];
        let mut names = vec![String::new()];
        let mut longest = names.clone();
        for _ in 0..5 {
            let longer = |name: &String| pieces.map(|piece| format!("{name}{piece}"));
            longest = longest.iter().flat_map(longer).collect();
            names.extend(longest.iter().cloned());
        }
        names.sort();
        names.dedup();
        names
    }

    fn kv(key: Bytes, lease_id: i64) -> KeyValue {
        KeyValue { key, lease_id, ..KeyValue::default() }
    }

    #[test]
    fn a_key_stands_in_the_queue_of_one_name_alone() {
        let names = names();
        for name in &names {
            let key = kv(of(name, 7), 7);
            assert!(key.key.starts_with(&prefix(name)));
            let queues: Vec<_> = names.iter().filter(|other| stands(other, &key)).collect();
            assert_eq!(queues, [name]);
        }
    }

    #[test]
    fn only_what_hangs_on_the_lease_that_it_names_stands_in_a_queue() {
        let key = of("nightly", 7);
        assert_eq!(key, "nightly/.lock/0000000000000007");
        assert!(stands("nightly", &kv(key.clone(), 7)));
        for (key, lease) in [
            (key.clone(), 0),
            (key.clone(), 8),
            ("nightly/config".into(), 7),
            ("nightly/.lock/7".into(), 7),
            ("nightly/.lock/000000000000000A".into(), 10),
            ("nightly/.lock/0000000000000000".into(), 0),
            ("nightly/0000000000000007".into(), 7),
        ] {
            assert!(!stands("nightly", &kv(key.clone(), lease)), "{key:?} on {lease}");
        }
    }
}
