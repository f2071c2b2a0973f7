//! The digest: equal runs are equal, and every difference shows.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use bytes::Bytes;
use common::{Driver, SECOND};
use understudy_machine::{
    Command, Delete, Input, KeyRange, KvMachine, Machine, Moment, Put, SetQuota,
};

#[test]
fn the_same_inputs_give_the_same_digest_and_bytes() {
    let run = || {
        let mut driver = Driver::new();
        let session = driver.open_session(SECOND);
        driver.stamped(session, 1, 0, Put::new("a", "1"));
        driver.run(Delete::new(KeyRange::all()).with_previous());
        driver.pass(SECOND);
        driver.tick();
        (driver.machine.digest(), driver.bytes())
    };
    assert_eq!(run(), run());
}

#[test]
fn every_part_of_an_input_counts() {
    let digest = |moment: Moment, input: Input<'_>| {
        let mut machine = KvMachine::new();
        machine.apply(moment, input);
        machine.digest()
    };
    let moment = Moment { index: 1, wall: 2, elapsed: 3 };
    let payload = |value: &'static str| Command::new(Put::new("a", value)).to_payload();
    let (one, two, empty) = (payload("1"), payload("2"), Bytes::new());
    let digests = [
        digest(moment, Input::Command(&one)),
        digest(moment, Input::Command(&two)),
        digest(moment, Input::Command(&empty)),
        digest(moment, Input::Open),
        digest(moment, Input::Tick),
        digest(moment, Input::Settings),
        digest(Moment { index: 2, ..moment }, Input::Tick),
        digest(Moment { wall: 3, ..moment }, Input::Tick),
        digest(Moment { elapsed: 4, ..moment }, Input::Tick),
    ];
    let different: std::collections::BTreeSet<_> = digests.iter().collect();
    assert_eq!(different.len(), digests.len());
}

#[test]
fn an_earlier_difference_is_never_forgotten() {
    let digest = |value: &'static str| {
        let mut driver = Driver::new();
        driver.run(Put::new("a", value));
        driver.run(Delete::new(KeyRange::all()));
        driver.tick();
        (driver.keys(), driver.machine.digest())
    };
    let (one, two) = (digest("1"), digest("2"));
    assert_eq!(one.0, two.0);
    assert_ne!(one.1, two.1);
}

#[test]
fn the_state_hash_sees_what_no_input_touched() {
    let mut driver = Driver::new();
    let empty = driver.machine.state_hash();
    driver.run(Put::new("a", "1"));
    let put = driver.machine.state_hash();
    driver.run(SetQuota { max_keys: Some(8), ..SetQuota::default() });
    let quota = driver.machine.state_hash();
    assert!(empty != put && put != quota);
    assert_eq!(quota, driver.machine.state_hash());
}

#[test]
#[should_panic(expected = "was fed after")]
fn an_entry_fed_twice_is_a_bug_of_the_driver() {
    let mut machine = KvMachine::new();
    let moment = Moment { index: 1, ..Moment::default() };
    machine.apply(moment, Input::Tick);
    machine.apply(moment, Input::Tick);
}
