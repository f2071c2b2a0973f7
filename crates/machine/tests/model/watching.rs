//! What a watch must be given, by comparing the stores as of two revisions.

use understudy_machine::{Changes, KeyChange, KeyRange, KeyValue, Passed, Reader, Watch};

fn ranges() -> [KeyRange; 3] {
    [KeyRange::all(), KeyRange::single("a"), KeyRange::between("a\0", "d")]
}

/// From every revision that is kept, in messages of every small size, of some ranges.
pub fn check(changes: &Changes, at: impl Fn(i64) -> Vec<KeyValue>) {
    let (floor, newest) = (changes.floor(), changes.newest());
    for range in ranges() {
        let mut expected: Vec<(i64, KeyChange)> = Vec::new();
        for revision in (floor + 1..=newest).rev() {
            let within = |kv: &KeyChange| range.contains(&kv.now.key);
            let mut did = differences(&at(revision - 1), &at(revision), revision);
            did.retain(within);
            expected.splice(0..0, did.into_iter().map(|change| (revision, change)));
            for bytes in [1, 100, usize::MAX] {
                let watch = Watch::after(revision - 1, range.clone(), true);
                assert_eq!(everything(watch, changes, bytes), expected, "{range:?} {bytes}");
            }
        }
        let mut early = Watch::after(floor - 1, range.clone(), true);
        assert_eq!(early.next(changes, newest, 100), Err(Passed));
        let without = everything(Watch::after(floor, range, false), changes, 100);
        assert!(without.iter().all(|(_, change)| change.before.is_none()));
        assert_eq!(without.len(), expected.len());
    }
}

/// A watch whose next changes are forgotten goes on exactly if none of those touched its range, and from
/// just before the first one that did.
pub fn check_quiet(reader: &Reader, at: impl Fn(i64) -> Vec<KeyValue>) {
    let (floor, newest) = (reader.changes().floor(), reader.changes().newest());
    for range in ranges() {
        let touches = |revision: &i64| {
            let did = differences(&at(*revision - 1), &at(*revision), *revision);
            did.iter().any(|change| range.contains(&change.now.key))
        };
        let touched: Vec<i64> = (1..=newest).filter(touches).collect();
        for seen in 0..floor {
            let mut watch = Watch::after(seen, range.clone(), false);
            let next = touched.iter().find(|revision| **revision > seen);
            let expected = match next {
                Some(next) if *next <= floor => Err(Passed),
                Some(next) => Ok(next - 1),
                None => Ok(newest),
            };
            let found = watch.pass_over(reader).map(|()| watch.position());
            assert_eq!(found, expected, "{range:?} seen up to {seen}, kept from {floor}");
        }
    }
}

/// All that a watch is given, with the revisions that it says it belongs to.
fn everything(mut watch: Watch, changes: &Changes, bytes: usize) -> Vec<(i64, KeyChange)> {
    let (mut complete, mut part) = (Vec::new(), Vec::new());
    loop {
        let batch = watch.next(changes, changes.newest(), bytes).unwrap();
        part.extend(batch.changes.into_iter().map(|change| (change.now.mod_revision, change)));
        assert_eq!(batch.more, part.last().is_some_and(|(last, _)| *last > watch.position()));
        if !batch.more {
            complete.append(&mut part);
        }
        if watch.position() == changes.newest() {
            return complete;
        }
    }
}

fn differences(before: &[KeyValue], after: &[KeyValue], revision: i64) -> Vec<KeyChange> {
    let find = |store: &[KeyValue], key| store.iter().find(|kv| kv.key == key).cloned();
    let mut keys: Vec<_> = before.iter().chain(after).map(|kv| kv.key.clone()).collect();
    keys.sort();
    keys.dedup();
    let changed = keys.into_iter().filter_map(|key| {
        let (was, is) = (find(before, key.clone()), find(after, key.clone()));
        (was != is).then(|| KeyChange {
            deleted: is.is_none(),
            now: is.unwrap_or(KeyValue { key, mod_revision: revision, ..KeyValue::default() }),
            before: was,
        })
    });
    changed.collect()
}
