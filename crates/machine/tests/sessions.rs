//! Exactly once: what a stamp promises.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Answer, Driver, SECOND, assert_failed};
use understudy_machine::{
    CloseSession, Command, Delete, FailureCode, KeyRange, Machine, OpenSession, Put, SetQuota,
    Stamp, Txn, WINDOW,
};

const TTL: u64 = 60 * SECOND;

#[test]
fn a_session_id_is_the_index_of_its_entry() {
    let mut driver = Driver::new();
    driver.run(Put::new("a", "1"));
    assert_eq!(driver.open_session(TTL), 2);
    assert_eq!(driver.open_session(TTL), 3);
}

#[test]
fn a_retry_returns_the_first_answer_and_executes_nothing() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    driver.run(Put::new("a", "0"));
    let first = driver.stamped(session, 1, 0, Put::new("a", "1").with_previous());
    driver.run(Put::new("a", "2"));
    let digest = driver.machine.digest();
    let retry = driver.stamped(session, 1, 0, Put::new("a", "1").with_previous());
    assert_eq!(retry.to_bytes(), first.to_bytes());
    assert_eq!(retry.revision, 2);
    assert_eq!(driver.value("a").unwrap(), "2");
    assert_eq!(driver.machine.revision(), 3);
    assert_ne!(driver.machine.digest(), digest, "the retry is an input of its own");
}

#[test]
fn every_kind_of_mutation_is_executed_once() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    driver.run(Put::new("b", "1"));
    let put = Put::new("a", "1").only_if_absent();
    let txn = Txn { then: vec![put.clone().into()], ..Txn::default() };
    let commands = [
        Command::new(put),
        Command::new(Delete::new(KeyRange::all()).with_previous()),
        Command::new(txn),
        Command::new(SetQuota { max_keys: Some(9), ..SetQuota::default() }),
    ];
    for (sequence, command) in (1..).zip(commands) {
        let stamp = Some(Stamp { session, sequence, received_below: 0 });
        let command = Command { stamp, ..command };
        let first = driver.command(command.clone());
        assert_eq!(first.failure(), None);
        let keys = driver.keys();
        assert_eq!(driver.command(command).to_bytes(), first.to_bytes());
        assert_eq!(driver.keys(), keys);
    }
}

#[test]
fn failures_that_are_outcomes_are_remembered() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    driver.run(Put::new("a", "1"));
    let put = Put::new("a", "2").only_if_absent();
    let first = driver.stamped(session, 1, 0, put.clone());
    assert_failed(&first, FailureCode::ConditionFailed);
    driver.run(SetQuota { max_keys: Some(1), ..SetQuota::default() });
    let quota = driver.stamped(session, 2, 0, Put::new("b", "2"));
    assert_failed(&quota, FailureCode::QuotaExceeded);
    let bad = driver.stamped(session, 3, 0, Put::new("", "2"));
    assert_failed(&bad, FailureCode::KeyEmpty);
    // What made them fail goes away; the answers stay.
    driver.run(Delete::new(KeyRange::all()));
    assert_eq!(driver.stamped(session, 1, 0, put).to_bytes(), first.to_bytes());
    assert_eq!(driver.stamped(session, 2, 0, Put::new("b", "2")).to_bytes(), quota.to_bytes());
    assert_eq!(driver.stamped(session, 3, 0, Put::new("", "2")).to_bytes(), bad.to_bytes());
    assert_eq!(driver.machine.usage().keys, 0);
}

#[test]
fn sequences_within_the_window_come_in_any_order() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    for sequence in [7, 1024, 1, 512, 2] {
        let response = driver.stamped(session, sequence, 0, Put::new("a", sequence.to_string()));
        assert_eq!(response.failure(), None, "{sequence}");
    }
    assert_eq!(driver.machine.revision(), 5);
    assert_eq!(driver.stamped(session, 512, 0, Put::new("a", "512")).revision, 4);
}

#[test]
fn a_sequence_belongs_to_one_operation() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    driver.stamped(session, 1, 0, Put::new("a", "1"));
    let first = driver.stamped(session, 2, 0, Put::new("a", "2"));
    let info = driver.machine.session(session).unwrap();
    for other in [Put::new("a", "3"), Put::new("b", "2"), Put::new("a", "2").with_previous()] {
        let response = driver.stamped(session, 2, 2, other);
        assert_failed(&response, FailureCode::SequenceReused);
        assert_eq!(response.why().actual, 2);
    }
    assert_eq!(driver.machine.session(session).unwrap(), info);
    assert_eq!(driver.value("a").unwrap(), "2");
    // A retry may say that more was received meanwhile.
    assert_eq!(driver.stamped(session, 2, 2, Put::new("a", "2")).to_bytes(), first.to_bytes());
}

#[test]
fn the_window_holds_1024_sequences_after_the_trim_mark() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    let response = driver.stamped(session, WINDOW + 1, 0, Put::new("a", "1"));
    assert_failed(&response, FailureCode::SequenceOutsideWindow);
    assert_eq!((response.why().limit, response.why().actual), (1024, 1025));
    assert_eq!(driver.machine.revision(), 0);
    // The same sequence is executed once the window has moved.
    assert_eq!(driver.stamped(session, WINDOW + 1, 2, Put::new("a", "1")).revision, 1);
    let response = driver.stamped(session, WINDOW + 2, 2, Put::new("a", "1"));
    assert_failed(&response, FailureCode::SequenceOutsideWindow);
}

#[test]
fn nothing_at_or_below_the_trim_mark_is_ever_executed() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    driver.stamped(session, 5, 0, Put::new("a", "5"));
    driver.stamped(session, 9, 6, Put::new("a", "9"));
    assert_eq!(driver.machine.session(session).unwrap().trim, 5);
    for sequence in 0..=5 {
        let response = driver.stamped(session, sequence, 0, Put::new("a", "late"));
        assert_failed(&response, FailureCode::SequenceTrimmed);
        assert_eq!((response.why().limit, response.why().actual), (5, sequence));
    }
    assert_eq!(driver.value("a").unwrap(), "9");
    assert_eq!(driver.stamped(session, 6, 0, Put::new("a", "6")).revision, 3);
}

#[test]
fn the_trim_mark_never_goes_back() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    driver.stamped(session, 9, 9, Put::new("a", "9"));
    driver.stamped(session, 10, 1, Put::new("a", "10"));
    assert_eq!(driver.machine.session(session).unwrap().trim, 8);
}

#[test]
fn a_refused_stamp_changes_nothing() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    driver.stamped(session, 3, 3, Put::new("a", "3"));
    driver.pass(SECOND);
    let before = driver.machine.session(session).unwrap();
    driver.stamped(session, 2, 0, Put::new("a", "late"));
    driver.stamped(session, 5000, 100, Put::new("a", "far"));
    driver.stamped(session, 5, 6, Put::new("a", "odd"));
    let after = driver.machine.session(session).unwrap();
    assert_eq!(
        (after.trim, after.held, after.left),
        (before.trim, before.held, before.left - SECOND)
    );
}

#[test]
fn received_answers_are_forgotten() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    for sequence in 1..=100 {
        driver.stamped(session, sequence, 0, Put::new("a", vec![1; 50]).with_previous());
    }
    assert_eq!(driver.machine.session(session).unwrap().held, 100);
    let held = driver.machine.usage().held_bytes;
    assert!(held > 5000, "{held}");
    driver.stamped(session, 101, 101, Put::new("a", "1"));
    let info = driver.machine.session(session).unwrap();
    assert_eq!((info.held, info.trim), (1, 100));
    assert_eq!(driver.machine.usage().held_bytes, info.held_bytes);
    assert!(info.held_bytes < 20);
}

#[test]
fn a_session_never_issued_differs_from_one_that_is_gone() {
    let mut driver = Driver::new();
    for unknown in [0, 1, 2, u64::MAX] {
        let response = driver.stamped(unknown, 1, 0, Put::new("a", "1"));
        assert_failed(&response, FailureCode::SessionUnknown);
    }
    let session = driver.open_session(TTL);
    assert_failed(&driver.keep(session + 1), FailureCode::SessionUnknown);
    driver.run(CloseSession { session });
    for _ in 0..3 {
        let response = driver.stamped(session, 1, 0, Put::new("a", "1"));
        assert_failed(&response, FailureCode::SessionExpired);
        assert_eq!(response.why().actual, session);
        driver.run(Put::new("b", "1"));
    }
    assert_failed(&driver.keep(session), FailureCode::SessionExpired);
    assert_failed(&driver.run(CloseSession { session }), FailureCode::SessionExpired);
    let later = driver.open_session(TTL);
    assert_failed(&driver.keep(session), FailureCode::SessionExpired);
    assert_failed(&driver.keep(later + 1), FailureCode::SessionUnknown);
    assert_eq!(driver.machine.session(session).unwrap_err().code(), FailureCode::SessionExpired);
    assert_eq!(driver.machine.session(0).unwrap_err().code(), FailureCode::SessionUnknown);
}

#[test]
fn a_refusal_for_the_session_is_not_an_outcome_of_the_operation() {
    let mut driver = Driver::new();
    let guess = 2;
    assert_failed(&driver.stamped(guess, 1, 0, Put::new("a", "1")), FailureCode::SessionUnknown);
    assert_eq!(driver.open_session(TTL), guess);
    assert_eq!(driver.stamped(guess, 1, 0, Put::new("a", "1")).revision, 1);
}

#[test]
fn sessions_do_not_share_sequences() {
    let mut driver = Driver::new();
    let (one, two) = (driver.open_session(TTL), driver.open_session(TTL));
    assert_eq!(driver.stamped(one, 1, 0, Put::new("a", "1")).revision, 1);
    assert_eq!(driver.stamped(two, 1, 0, Put::new("a", "2")).revision, 2);
    assert_eq!(driver.stamped(one, 1, 0, Put::new("a", "1")).revision, 1);
}

#[test]
fn without_a_stamp_a_retry_executes_again() {
    let mut driver = Driver::new();
    driver.run(Put::new("a", "1"));
    assert_eq!(driver.run(Put::new("a", "1")).revision, 2);
}

#[test]
fn sessions_are_limited() {
    let mut driver = Driver::new();
    driver.run(SetQuota { max_sessions: Some(1), ..SetQuota::default() });
    let session = driver.open_session(TTL);
    let response = driver.run(OpenSession { ttl: TTL });
    assert_failed(&response, FailureCode::QuotaExceeded);
    driver.run(CloseSession { session });
    driver.open_session(TTL);
}
