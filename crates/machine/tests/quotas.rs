//! Quotas are replicated state: growth beyond them is refused, and nothing else.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Answer, Driver, SECOND, assert_failed};
use understudy_machine::{Delete, FailureCode, KeyRange, Limit, Put, Quota, SetQuota, Txn};

fn limited(change: SetQuota) -> Driver {
    let mut driver = Driver::new();
    assert_eq!(driver.run(change).failure(), None);
    driver
}

#[test]
fn a_quota_changes_the_given_fields_only_and_makes_no_revision() {
    let driver = limited(SetQuota { max_keys: Some(7), ..SetQuota::default() });
    assert_eq!(*driver.machine.quota(), Quota { max_keys: 7, ..Quota::INITIAL });
    assert_eq!(driver.machine.revision(), 0);
}

#[test]
fn keys_beyond_the_quota_are_refused() {
    let mut driver = limited(SetQuota { max_keys: Some(2), ..SetQuota::default() });
    driver.run(Put::new("a", "1"));
    driver.run(Put::new("b", "1"));
    let response = driver.run(Put::new("c", "1"));
    assert_failed(&response, FailureCode::QuotaExceeded);
    let why = response.why();
    assert_eq!((why.what(), why.limit, why.actual), (Limit::Keys, 2, 3));
    assert_eq!(driver.value("c"), None);
    assert_eq!(driver.run(Put::new("a", "2")).revision, 3);
    driver.run(Delete::new(KeyRange::single("b")));
    assert_eq!(driver.run(Put::new("c", "1")).revision, 5);
}

#[test]
fn bytes_beyond_the_quota_are_refused() {
    let mut driver = limited(SetQuota { max_bytes: Some(10), ..SetQuota::default() });
    assert_eq!(driver.run(Put::new("a", "123456789")).revision, 1);
    let response = driver.run(Put::new("a", "1234567890"));
    assert_failed(&response, FailureCode::QuotaExceeded);
    assert_eq!((response.why().what(), response.why().actual), (Limit::Bytes, 11));
    assert_eq!(driver.value("a").unwrap(), "123456789");
    assert_eq!(driver.machine.usage().bytes, 10);
    assert_eq!(driver.run(Put::new("a", "1")).revision, 2);
}

#[test]
fn below_what_is_there_a_quota_lets_the_store_shrink() {
    let mut driver = Driver::new();
    for key in ["a", "b", "c"] {
        driver.run(Put::new(key, "12345"));
    }
    driver.run(SetQuota { max_keys: Some(1), max_bytes: Some(3), ..SetQuota::default() });
    assert_eq!(driver.run(Put::new("a", "1234")).revision, 4);
    assert_failed(&driver.run(Put::new("a", "12345")), FailureCode::QuotaExceeded);
    assert_eq!(driver.run(Delete::new(KeyRange::single("c"))).revision, 5);
    let swap = vec![Delete::new(KeyRange::single("b")).into(), Put::new("d", "1").into()];
    assert_eq!(driver.run(Txn { then: swap, ..Txn::default() }).revision, 6);
}

#[test]
fn a_transaction_is_judged_by_what_it_leaves() {
    let mut driver = limited(SetQuota { max_keys: Some(1), ..SetQuota::default() });
    driver.run(Put::new("a", "1"));
    let swap = vec![Put::new("b", "1").into(), Delete::new(KeyRange::single("a")).into()];
    assert_eq!(driver.run(Txn { then: swap, ..Txn::default() }).revision, 2);
    let grow = vec![Put::new("b", "2").into(), Put::new("c", "2").into()];
    let response = driver.run(Txn { then: grow, ..Txn::default() });
    assert_failed(&response, FailureCode::QuotaExceeded);
    assert_eq!(driver.value("b").unwrap(), "1");
}

#[test]
fn responses_held_for_retries_are_limited_by_session_and_in_all() {
    for what in [Limit::SessionHeldBytes, Limit::HeldBytes] {
        let some = |limit| (what == limit).then_some(1_000);
        let mut driver = limited(SetQuota {
            max_session_held_bytes: some(Limit::SessionHeldBytes),
            max_held_bytes: some(Limit::HeldBytes),
            ..SetQuota::default()
        });
        let session = driver.open_session(SECOND);
        driver.run(Put::new("a", vec![1; 600]));
        let again = || Put::new("a", vec![1; 600]).with_previous();
        assert_eq!(driver.stamped(session, 1, 0, again()).failure(), None);
        let refused = driver.stamped(session, 2, 0, again());
        assert_failed(&refused, FailureCode::QuotaExceeded);
        assert_eq!((refused.why().what(), refused.why().limit), (what, 1_000));
        assert_eq!(driver.machine.get(b"a").unwrap().version, 2, "nothing was executed");
        assert_eq!(driver.stamped(session, 2, 0, again()).to_bytes(), refused.to_bytes());
        // Small answers always fit, and an answer received makes room.
        let small = driver.stamped(session, 3, 0, Put::new("a", vec![1; 600]));
        assert_eq!(small.failure(), None);
        assert_eq!(driver.stamped(session, 4, 2, again()).failure(), None);
    }
}

#[test]
fn no_failure_is_too_long_to_be_held() {
    let worst = understudy_machine::Failure {
        code: FailureCode::SequenceOutsideWindow.into(),
        what: Limit::HeldBytes.into(),
        limit: u64::MAX,
        actual: u64::MAX,
        operation: Some(u32::MAX),
    };
    let result = Some(understudy_machine::Outcome::Failure(worst));
    let response = understudy_machine::Response { revision: i64::MAX, result };
    assert!(response.to_bytes().len() <= 64);
}

#[test]
fn young_revisions_are_kept_beyond_their_number_but_not_beyond_their_bytes() {
    let mut driver = limited(SetQuota {
        max_history_revisions: Some(3),
        min_history_age: Some(2 * SECOND),
        ..SetQuota::default()
    });
    let put = |driver: &mut Driver, times: u64| {
        (0..times).for_each(|_| drop(driver.run(Put::new("a", "1"))));
        driver.machine.oldest_revision()
    };
    assert_eq!(put(&mut driver, 10), 0);
    driver.pass(SECOND);
    assert_eq!(put(&mut driver, 5), 0);
    driver.pass(SECOND);
    assert_eq!(put(&mut driver, 1), 10, "those that are two seconds old");
    driver.pass(9 * SECOND);
    driver.tick();
    assert_eq!(driver.machine.oldest_revision(), 13, "all are old: three are kept");
    assert_eq!(put(&mut driver, 100), 16);
    driver.run(SetQuota { max_history_bytes: Some(2_600), ..SetQuota::default() });
    assert_eq!(driver.machine.revision() - driver.machine.oldest_revision(), 10);
}
