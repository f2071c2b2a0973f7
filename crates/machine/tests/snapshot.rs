//! Freezing and restoring.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Driver, SECOND};
use proptest::prelude::*;
use understudy_machine::{
    Delete, Frozen, Input, KeyChange, KeyRange, KvMachine, Machine, Put, RestoreError, SetQuota,
    Watch,
};

fn restore(bytes: &[u8]) -> Result<KvMachine, RestoreError> {
    KvMachine::restore(&mut &bytes[..])
}

/// A store with keys, a gap, three sessions (one gone), held responses and a quota.
fn driver() -> Driver {
    let mut driver = Driver::new();
    driver.run(SetQuota { max_keys: Some(50), ..SetQuota::default() });
    let (one, two, gone) =
        (driver.open_session(SECOND), driver.open_session(9 * SECOND), driver.open_session(SECOND));
    for number in 0..30u64 {
        driver.pass(SECOND / 50);
        driver.stamped(one, number + 1, number / 2, Put::new(format!("k{number}"), "v"));
        driver.stamped(two, 2 * number + 1, 0, Put::new("k1", "w").with_previous());
    }
    driver.keep(gone);
    driver.run(Delete::new(KeyRange::between("k3", "k6")));
    driver.run(understudy_machine::CloseSession { session: gone });
    driver
}

#[test]
fn what_was_frozen_is_restored() {
    let mut driver = driver();
    let bytes = driver.bytes();
    let restored = restore(&bytes).unwrap();
    assert_eq!(restored.digest(), driver.machine.digest());
    assert_eq!(restored.revision(), driver.machine.revision());
    assert_eq!(restored.index(), driver.machine.index());
    assert_eq!(restored.deadline(), driver.machine.deadline());
    assert_eq!(restored.usage(), driver.machine.usage());
    assert_eq!(restored.quota(), driver.machine.quota());
    assert_eq!(restored.session(2), driver.machine.session(2));
    assert_eq!(restored.state_hash(), driver.machine.state_hash());
    let keys = driver.keys();
    driver.machine = restored;
    assert_eq!(driver.keys(), keys);
    assert_eq!(driver.bytes(), bytes);
}

/// All that the history that is kept says of what happened.
fn told(machine: &KvMachine) -> Vec<KeyChange> {
    let mut watch = Watch::after(machine.changes().floor(), KeyRange::all(), true);
    let batch = watch.next(machine.changes(), machine.revision(), usize::MAX).unwrap();
    assert!(!batch.more && watch.position() == machine.revision());
    batch.changes
}

#[test]
fn a_restored_history_tells_what_each_revision_made_of_a_key() {
    let mut driver = driver();
    for round in 0..100 {
        driver.run(Put::new(format!("k{}", round % 7), format!("{round}")));
        if round % 5 == 0 {
            driver.run(Delete::new(KeyRange::between("k1", format!("k{}", 2 + round % 6))));
        }
    }
    let changes = told(&driver.machine);
    assert!(changes.iter().any(|change| change.deleted) && changes.len() > 100);
    assert_eq!(told(&restore(&driver.bytes()).unwrap()), changes);
}

#[test]
fn a_value_that_was_replaced_is_in_the_snapshot_once() {
    let mut driver = Driver::new();
    for round in 0..32 {
        driver.run(Put::new("key", vec![round; 1 << 20]));
    }
    let length = driver.bytes().len();
    assert!((32 << 20..33 << 20).contains(&length), "{length}");
}

#[test]
fn a_snapshot_takes_no_more_than_was_said() {
    let mut driver = driver();
    assert!(driver.bytes().len() as u64 <= driver.machine.snapshot_bytes());
    for size in [1, 100, 10_000, 200_000] {
        for round in 0..40 {
            driver.run(Put::new(format!("k{}", round % 3), vec![round; size]));
            driver.run(Put::new(vec![round; 1 + size.min(4_000)], ""));
            if round % 7 == 0 {
                driver.run(Delete::new(KeyRange::between("k1", "k3")));
            }
        }
        let (taken, said) = (driver.bytes().len() as u64, driver.machine.snapshot_bytes());
        assert!(taken <= said, "values of {size} bytes: {taken} bytes taken, {said} said");
    }
    let (taken, said) = (driver.bytes().len() as u64, driver.machine.snapshot_bytes());
    assert!(taken > said / 2, "nor much less: {taken} of {said}");
}

#[test]
fn an_empty_store_is_restored() {
    let bytes = Driver::new().bytes();
    assert_eq!(restore(&bytes).unwrap().state_hash(), KvMachine::new().state_hash());
}

#[test]
fn a_frozen_state_stands_still() {
    let mut driver = driver();
    let (frozen, bytes, hash) =
        (driver.machine.freeze(), driver.bytes(), driver.machine.state_hash());
    driver.run(Delete::new(KeyRange::all()));
    driver.pass(99 * SECOND);
    driver.tick();
    let mut later = Vec::new();
    frozen.write(&mut later).unwrap();
    assert_eq!(later, bytes);
    assert_eq!(frozen.hash(), hash);
    assert_ne!(driver.machine.state_hash(), hash);
}

#[test]
fn a_restored_machine_goes_on_as_the_one_that_was_frozen() {
    let mut one = driver();
    let mut two = Driver { machine: restore(&one.bytes()).unwrap(), ..driver() };
    for _ in 0..3 {
        for driver in [&mut one, &mut two] {
            driver.pass(SECOND / 3);
            driver.stamped(2, 29, 0, Put::new("k28", "v"));
            driver.stamped(3, 62, 10, Put::new("k1", "new").with_previous());
            driver.tick();
            driver.feed(Input::Open);
        }
        assert_eq!(one.machine.digest(), two.machine.digest());
        assert_eq!(one.bytes(), two.bytes());
    }
}

#[test]
fn a_foreign_file_is_named_as_such() {
    assert!(matches!(restore(b"SQLite format 3\0 and more"), Err(RestoreError::Foreign)));
    assert!(matches!(restore(b""), Err(RestoreError::Read(_))));
}

#[test]
fn a_newer_format_is_refused() {
    let mut bytes = driver().bytes();
    bytes[8] = 9;
    let error = restore(&bytes).unwrap_err();
    assert!(matches!(error, RestoreError::Format { found: 9, supported: 5 }), "{error}");
}

#[test]
fn a_snapshot_cut_anywhere_is_refused() {
    let bytes = driver().bytes();
    for length in 0..bytes.len() {
        assert!(restore(&bytes[..length]).is_err(), "{length}");
    }
}

#[test]
fn a_flipped_bit_anywhere_is_refused() {
    let bytes = driver().bytes();
    for at in 0..bytes.len() {
        for bit in [0, 3, 7] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            assert!(restore(&damaged).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn what_follows_the_end_is_refused() {
    let mut bytes = driver().bytes();
    bytes.push(0);
    assert!(matches!(restore(&bytes), Err(RestoreError::Damaged { .. })));
}

#[test]
fn a_huge_length_costs_no_memory() {
    let mut bytes = driver().bytes();
    bytes[12..16].copy_from_slice(&(60u32 << 20).to_le_bytes());
    assert!(matches!(restore(&bytes), Err(RestoreError::Read(_))));
    bytes[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(restore(&bytes), Err(RestoreError::Damaged { .. })));
}

#[test]
fn a_writer_that_fails_fails_the_snapshot() {
    let mut room = [0u8; 100];
    assert!(driver().machine.freeze().write(&mut &mut room[..]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(restore(&bytes).is_err());
        // After a good head, so that the frames are reached.
        let mut with_head = driver().bytes()[..12].to_vec();
        with_head.extend_from_slice(&bytes);
        prop_assert!(restore(&with_head).is_err());
    }
}
