//! Bad input gets the right code, changes no key and makes no revision.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Answer, Driver, SECOND, assert_failed};
use understudy_machine::{
    CloseSession, Command, Compare, Delete, FailureCode, Get, KeyRange, Lifetime, Limit,
    OpenSession, Put, Relation, SetQuota, Stamp, Target, Txn, TxnOperation,
};

/// Runs a command that must fail so on a store with one key, which it must leave alone.
#[track_caller]
fn refused(command: Command, code: FailureCode) -> understudy_machine::Failure {
    let mut driver = Driver::new();
    driver.run(Put::new("a", "1"));
    let before = (driver.keys(), driver.machine.usage(), *driver.machine.quota());
    let response = driver.command(command);
    assert_failed(&response, code);
    assert_eq!(response.revision, 1);
    assert_eq!((driver.keys(), driver.machine.usage(), *driver.machine.quota()), before);
    response.why()
}

fn txn(operation: impl Into<TxnOperation>) -> Command {
    Command::new(Txn { then: vec![operation.into()], ..Txn::default() })
}

#[test]
fn an_empty_key_is_refused() {
    let empty = KeyRange::single("");
    refused(Command::new(Put::new("", "1")), FailureCode::KeyEmpty);
    refused(Command::new(Delete::new(empty.clone())), FailureCode::KeyEmpty);
    assert_eq!(refused(txn(Put::new("", "1")), FailureCode::KeyEmpty).operation, Some(0));
    refused(txn(Delete::new(empty.clone())), FailureCode::KeyEmpty);
    refused(txn(Get::new(empty)), FailureCode::KeyEmpty);
    let compares = vec![Compare::new("", Relation::Equal, Target::Version(0))];
    refused(Command::new(Txn { compares, ..Txn::default() }), FailureCode::KeyEmpty);
}

#[test]
fn a_key_above_4_kib_is_refused() {
    let long = vec![b'k'; 4097];
    let failure = refused(Command::new(Put::new(long.clone(), "1")), FailureCode::KeyTooLong);
    assert_eq!((failure.limit, failure.actual), (4096, 4097));
    let ranges = [
        KeyRange::single(long.clone()),
        KeyRange::between("a", long.clone()),
        KeyRange::between(long.clone(), "z"),
    ];
    for range in ranges {
        refused(Command::new(Delete::new(range.clone())), FailureCode::KeyTooLong);
        refused(txn(Get::new(range)), FailureCode::KeyTooLong);
    }
    let mut driver = Driver::new();
    assert_eq!(driver.run(Put::new(vec![b'k'; 4096], "1")).revision, 1);
}

#[test]
fn a_value_above_1_mib_is_refused_until_the_limit_is_raised() {
    let long = vec![0; (1 << 20) + 1];
    let put = Put::new("a", long.clone());
    let failure = refused(Command::new(put.clone()), FailureCode::ValueTooLong);
    assert_eq!((failure.limit, failure.actual), (1 << 20, (1 << 20) + 1));
    refused(txn(put.clone()), FailureCode::ValueTooLong);
    let mut driver = Driver::new();
    driver.run(SetQuota { max_value_bytes: Some(1 << 21), ..SetQuota::default() });
    assert_eq!(driver.run(put).revision, 1);
}

#[test]
fn a_transaction_with_more_than_128_operations_is_refused() {
    let puts = |count: u32| {
        let put = |number: u32| Put::new(number.to_be_bytes().to_vec(), "1").into();
        (0..count).map(put).collect::<Vec<TxnOperation>>()
    };
    let compare = Compare::new("a", Relation::Equal, Target::Version(1));
    let many = [
        Txn { then: puts(129), ..Txn::default() },
        Txn { otherwise: puts(129), ..Txn::default() },
        Txn { compares: vec![compare; 129], ..Txn::default() },
    ];
    for txn in many {
        let failure = refused(Command::new(txn), FailureCode::TooManyOperations);
        assert_eq!((failure.limit, failure.actual), (128, 129));
    }
    let mut driver = Driver::new();
    assert!(driver.run(Txn { then: puts(128), ..Txn::default() }).txn().succeeded);
}

#[test]
fn a_range_that_holds_too_many_keys_is_refused_unless_it_has_a_limit() {
    let mut driver = Driver::new();
    driver.run(SetQuota { max_range_keys: Some(2), ..SetQuota::default() });
    for key in ["a", "b", "c"] {
        driver.run(Put::new(key, "1"));
    }
    let all = Delete::new(KeyRange::all());
    let response = driver.run(all.clone());
    assert_failed(&response, FailureCode::TooManyKeys);
    assert_eq!((response.why().limit, response.why().what()), (2, Limit::RangeKeys));
    assert_eq!(driver.machine.usage().keys, 3);
    let two = Txn {
        then: vec![
            Get::new(KeyRange::between("a", "c")).into(),
            Delete::new(KeyRange::single("a")).into(),
        ],
        ..Txn::default()
    };
    assert_failed(&driver.run(two), FailureCode::TooManyKeys);
    driver.run(Delete { limit: 9, ..all });
    assert_eq!(driver.machine.usage().keys, 1);
}

#[test]
fn a_response_that_is_too_large_is_refused_and_nothing_is_executed() {
    let mut driver = Driver::new();
    driver.run(SetQuota { max_response_bytes: Some(1024), ..SetQuota::default() });
    for key in ["a", "b", "c", "d"] {
        driver.run(Put::new(key, vec![7; 300]));
    }
    let before = driver.keys();
    let response = driver.run(Delete::new(KeyRange::all()).with_previous());
    assert_failed(&response, FailureCode::ResponseTooLarge);
    let get = Get::new(KeyRange::all());
    let response = driver.run(Txn { then: vec![get.into()], ..Txn::default() });
    assert_failed(&response, FailureCode::ResponseTooLarge);
    assert_eq!(response.why().operation, Some(0), "noticed while it was gathered");
    assert_eq!(driver.keys(), before);
    assert_eq!(driver.run(Delete::new(KeyRange::all())).revision, 5);
}

#[test]
fn a_response_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    let run = |length: usize| {
        let mut driver = Driver::new();
        driver.run(SetQuota { max_response_bytes: Some(1024), ..SetQuota::default() });
        driver.run(Put::new("a", vec![7; length]));
        driver.run(Put::new("a", "").with_previous())
    };
    let length = (700..1024).rev().find(|length| run(*length).failure().is_none()).unwrap();
    assert_eq!(run(length).to_bytes().len(), 1024 - 128, "and what frames it");
    assert_failed(&run(length + 1), FailureCode::ResponseTooLarge);
}

#[test]
fn an_unknown_lease_is_refused() {
    let put = Put::new("b", "1").living(Lifetime::Lease(7));
    let failure = refused(Command::new(put.clone()), FailureCode::LeaseUnknown);
    assert_eq!(failure.actual, 7);
    assert_eq!(refused(txn(put), FailureCode::LeaseUnknown).operation, Some(0));
}

#[test]
fn bytes_that_are_no_command_are_an_answer_and_no_panic() {
    let mut driver = Driver::new();
    for payload in [&b""[..], b"\xff", b"random bytes", &[0x12, 0xff, 0xff, 0xff, 0xff, 0x0f]] {
        assert_failed(&driver.payload(payload), FailureCode::BadCommand);
    }
    assert_eq!(driver.machine.revision(), 0);
    assert_eq!(driver.index, 4);
}

#[test]
fn a_command_that_lacks_something_is_bad() {
    let bad = FailureCode::BadCommand;
    refused(Command::default(), bad);
    refused(Command::new(Delete::default()), bad);
    refused(txn(Get::default()), bad);
    refused(txn(Delete::default()), bad);
    refused(txn(TxnOperation::default()), bad);
    let compare = Compare::new("a", Relation::Equal, Target::Version(1));
    let lacking = [
        Compare { target: None, ..compare.clone() },
        Compare { relation: 0, ..compare.clone() },
        Compare { relation: 99, ..compare },
    ];
    for compare in lacking {
        refused(Command::new(Txn { compares: vec![compare], ..Txn::default() }), bad);
    }
}

#[test]
fn a_stamp_that_contradicts_itself_is_bad_and_changes_nothing() {
    let mut driver = Driver::new();
    let session = driver.open_session(SECOND);
    let response = driver.stamped(session, 1, 2, Put::new("a", "1"));
    assert_failed(&response, FailureCode::BadCommand);
    assert_eq!(driver.machine.session(session).unwrap().trim, 0);
    assert_eq!(driver.stamped(session, 1, 1, Put::new("a", "1")).revision, 1);
}

#[test]
fn a_session_operation_with_a_stamp_is_bad() {
    let mut driver = Driver::new();
    let session = driver.open_session(SECOND);
    let stamp = Stamp { session, sequence: 1, received_below: 0 };
    let close = Command::stamped(stamp, CloseSession { session });
    assert_failed(&driver.command(close), FailureCode::BadCommand);
    assert!(driver.machine.session(session).is_ok());
}

#[test]
fn a_lifetime_out_of_bounds_is_refused() {
    let failure = refused(Command::new(OpenSession { ttl: 1 }), FailureCode::OutOfBounds);
    assert_eq!(failure.what(), Limit::MinSessionTtl);
    let failure = refused(Command::new(OpenSession { ttl: u64::MAX }), FailureCode::OutOfBounds);
    assert_eq!((failure.what(), failure.actual), (Limit::MaxSessionTtl, u64::MAX));
}

#[test]
fn a_quota_out_of_bounds_changes_none() {
    let bad = [
        (SetQuota { max_key_bytes: Some(0), ..SetQuota::default() }, Limit::KeyBytes),
        (SetQuota { max_value_bytes: Some(1 << 22), ..SetQuota::default() }, Limit::ValueBytes),
        (SetQuota { min_session_ttl: Some(0), ..SetQuota::default() }, Limit::MinSessionTtl),
        (
            SetQuota { max_session_ttl: Some(1_000_000), ..SetQuota::default() },
            Limit::MinSessionTtl,
        ),
    ];
    for (change, what) in bad {
        let change = SetQuota { max_keys: Some(5), ..change };
        assert_eq!(refused(Command::new(change), FailureCode::OutOfBounds).what(), what);
    }
}

#[test]
fn every_failure_says_what_happened() {
    for code in 1..=17 {
        let code = FailureCode::try_from(code).unwrap();
        let failure = understudy_machine::Failure::beyond(code, Limit::Keys, 5, 6);
        let text = failure.to_string();
        assert!(text.len() > 20 && !text.contains("unspecified"), "{text}");
    }
}
