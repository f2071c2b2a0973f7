//! Sessions live by logged elapsed time and by nothing else.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Driver, SECOND, assert_failed};
use understudy_machine::{FailureCode, Input, Machine, OpenSession, Put};

const TTL: u64 = 10 * SECOND;

#[test]
fn an_unused_session_expires_at_its_deadline() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    assert_eq!(driver.machine.deadline(), Some(TTL));
    driver.pass(TTL - 1);
    driver.tick();
    assert_eq!(driver.machine.session(session).unwrap().left, 1);
    driver.pass(1);
    driver.tick();
    assert_eq!(driver.machine.usage().sessions, 0);
    assert_eq!(driver.machine.deadline(), None);
    assert_failed(&driver.keep(session), FailureCode::SessionExpired);
}

#[test]
fn any_entry_past_the_deadline_expires() {
    let mut driver = Driver::new();
    for input in [Input::Tick, Input::Settings, Input::Command(&bytes::Bytes::new())] {
        driver.open_session(TTL);
        driver.pass(TTL);
        driver.feed(input);
        assert_eq!(driver.machine.usage().sessions, 0, "{input:?}");
    }
}

#[test]
fn a_use_gives_the_full_lifetime_again() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    let uses: [fn(&mut Driver, u64); 3] = [
        |driver, session| drop(driver.keep(session)),
        |driver, session| drop(driver.stamped(session, 1, 0, Put::new("a", "1"))),
        |driver, session| drop(driver.stamped(session, 1, 0, Put::new("a", "1"))),
    ];
    for renew in uses {
        driver.pass(TTL - 1);
        renew(&mut driver, session);
        assert_eq!(driver.machine.session(session).unwrap().left, TTL);
    }
    driver.pass(TTL - 1);
    driver.tick();
    assert!(driver.machine.session(session).is_ok());
    driver.pass(1);
    driver.tick();
    assert!(driver.machine.session(session).is_err());
}

#[test]
fn a_command_at_the_deadline_is_too_late() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    driver.pass(TTL);
    let response = driver.stamped(session, 1, 0, Put::new("a", "1"));
    assert_failed(&response, FailureCode::SessionExpired);
    assert_eq!(driver.machine.revision(), 0);
}

#[test]
fn a_new_epoch_gives_every_session_its_full_lifetime_again() {
    let mut driver = Driver::new();
    let (short, long) = (driver.open_session(TTL), driver.open_session(2 * TTL));
    driver.pass(TTL + 1);
    driver.feed(Input::Open);
    assert_eq!(driver.machine.session(short).unwrap().left, TTL);
    assert_eq!(driver.machine.session(long).unwrap().left, 2 * TTL);
    driver.pass(TTL - 1);
    driver.tick();
    assert!(driver.machine.session(short).is_ok());
    driver.pass(1);
    driver.tick();
    assert!(driver.machine.session(short).is_err());
    assert!(driver.machine.session(long).is_ok());
}

#[test]
fn the_wall_clock_expires_nothing() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    let moment = understudy_machine::Moment { index: 99, wall: u64::MAX, elapsed: 0 };
    driver.machine.apply(moment, Input::Tick);
    assert_eq!(driver.machine.session(session).unwrap().left, TTL);
}

#[test]
fn the_deadline_is_never_later_than_the_first_expiry() {
    let mut driver = Driver::new();
    let long = driver.open_session(3 * TTL);
    let short = driver.open_session(TTL);
    driver.pass(TTL / 2);
    driver.keep(short);
    let mut ticks = 0;
    while let Some(deadline) = driver.machine.deadline() {
        driver.elapsed = driver.elapsed.max(deadline);
        if driver.machine.session(short).is_ok() {
            assert!(deadline <= TTL / 2 + TTL);
        }
        driver.tick();
        ticks += 1;
        assert!(ticks < 10, "ticks must make progress");
    }
    assert_eq!(driver.elapsed, 3 * TTL);
    assert!(driver.machine.session(long).is_err());
}

#[test]
fn mass_expiry_runs_in_bounded_batches_and_is_due_until_done() {
    let mut driver = Driver::new();
    for _ in 0..9_000 {
        driver.run(OpenSession { ttl: TTL });
    }
    driver.pass(TTL);
    let mut left = driver.machine.usage().sessions;
    let mut ticks = 0;
    while left > 0 {
        assert!(driver.machine.deadline().is_some_and(|deadline| deadline <= driver.elapsed));
        driver.tick();
        let now = driver.machine.usage().sessions;
        assert!(now < left && left - now <= 4096, "{left} -> {now}");
        left = now;
        ticks += 1;
    }
    assert_eq!(ticks, 3);
    assert_eq!(driver.machine.deadline(), None);
}

#[test]
fn a_session_past_its_deadline_is_gone_before_its_batch_comes() {
    let mut driver = Driver::new();
    let mut last = 0;
    for _ in 0..5_000 {
        last = driver.open_session(TTL);
    }
    driver.pass(TTL);
    assert_failed(&driver.stamped(last, 1, 0, Put::new("a", "1")), FailureCode::SessionExpired);
    assert!(driver.machine.usage().sessions > 0);
    assert!(driver.machine.session(last).is_err());
}

#[test]
fn expiry_counts_held_responses_as_work() {
    let mut driver = Driver::new();
    for _ in 0..20 {
        let session = driver.open_session(TTL);
        for sequence in 1..=1024 {
            driver.stamped(session, sequence, 0, Put::new("a", "1"));
        }
    }
    driver.pass(TTL);
    driver.tick();
    assert_eq!(driver.machine.usage().sessions, 20 - 4);
    while driver.machine.deadline().is_some() {
        driver.tick();
    }
    assert_eq!(driver.machine.usage().held_bytes, 0);
}
