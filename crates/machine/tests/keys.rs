//! Keys, revisions and conditions.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Answer, Driver, assert_failed};
use understudy_machine::{
    Delete, DeleteResult, FailureCode, KeyRange, KeyValue, Outcome, Put, Response,
};

fn deleted(response: Response) -> DeleteResult {
    match response.result {
        Some(Outcome::Delete(deleted)) => deleted,
        other => panic!("no delete: {other:?}"),
    }
}

#[test]
fn a_key_records_who_created_it_and_how_often_it_was_written() {
    let mut driver = Driver::new();
    assert_eq!(driver.run(Put::new("a", "1")).revision, 1);
    assert_eq!(driver.run(Put::new("b", "1")).revision, 2);
    assert_eq!(driver.run(Put::new("a", "2")).revision, 3);
    let expected = KeyValue {
        key: "a".into(),
        value: "2".into(),
        create_revision: 1,
        mod_revision: 3,
        version: 2,
        lease: 0,
    };
    assert_eq!(driver.machine.get(b"a"), Some(expected));
}

#[test]
fn a_key_that_was_deleted_begins_anew() {
    let mut driver = Driver::new();
    driver.run(Put::new("a", "1"));
    driver.run(Put::new("a", "2"));
    assert_eq!(driver.run(Delete::new(KeyRange::single("a"))).revision, 3);
    assert_eq!(driver.machine.get(b"a"), None);
    driver.run(Put::new("a", "3"));
    let key = driver.machine.get(b"a").unwrap();
    assert_eq!((key.create_revision, key.mod_revision, key.version), (4, 4, 1));
}

#[test]
fn the_same_value_again_is_a_write() {
    let mut driver = Driver::new();
    driver.run(Put::new("a", "1"));
    assert_eq!(driver.run(Put::new("a", "1")).revision, 2);
    assert_eq!(driver.machine.get(b"a").unwrap().version, 2);
}

#[test]
fn a_delete_of_nothing_makes_no_revision() {
    let mut driver = Driver::new();
    driver.run(Put::new("a", "1"));
    let response = driver.run(Delete::new(KeyRange::single("b")));
    assert_eq!(response.revision, 1);
    assert_eq!(deleted(response), DeleteResult::default());
    assert_eq!(driver.run(Delete::new(KeyRange::between("z", "a"))).revision, 1);
}

#[test]
fn a_delete_of_many_keys_makes_one_revision() {
    let mut driver = Driver::new();
    for key in ["a", "b", "c", "d"] {
        driver.run(Put::new(key, key));
    }
    let response = driver.run(Delete::new(KeyRange::between("b", "d")).with_previous());
    assert_eq!(response.revision, 5);
    let deleted = deleted(response);
    assert_eq!((deleted.deleted, deleted.more), (2, false));
    let keys: Vec<_> = deleted.previous.iter().map(|key| key.key.clone()).collect();
    assert_eq!(keys, ["b", "c"]);
    assert_eq!(driver.value("a").unwrap(), "a");
    assert_eq!(driver.value("d").unwrap(), "d");
    assert_eq!(driver.machine.usage().keys, 2);
}

#[test]
fn a_delete_with_a_limit_says_that_there_is_more() {
    let mut driver = Driver::new();
    for key in ["a", "b", "c"] {
        driver.run(Put::new(key, key));
    }
    let delete = Delete { limit: 2, ..Delete::new(KeyRange::all()) };
    let first = deleted(driver.run(delete.clone()));
    assert_eq!((first.deleted, first.more), (2, true));
    let second = deleted(driver.run(delete));
    assert_eq!((second.deleted, second.more), (1, false));
    assert_eq!(driver.machine.usage().keys, 0);
    assert_eq!(driver.machine.usage().bytes, 0);
}

#[test]
fn previous_comes_when_asked_for() {
    let mut driver = Driver::new();
    assert_eq!(driver.run(Put::new("a", "1").with_previous()).put().previous, None);
    assert_eq!(driver.run(Put::new("a", "2")).put().previous, None);
    let previous = driver.run(Put::new("a", "3").with_previous()).put().previous.unwrap();
    assert_eq!((previous.value, previous.mod_revision), ("2".into(), 2));
}

#[test]
fn only_if_absent_refuses_what_is_there_and_names_its_revision() {
    let mut driver = Driver::new();
    assert_eq!(driver.run(Put::new("a", "1").only_if_absent()).revision, 1);
    let response = driver.run(Put::new("a", "2").only_if_absent());
    assert_failed(&response, FailureCode::ConditionFailed);
    assert_eq!(response.why().actual, 1);
    assert_eq!(response.revision, 1);
    assert_eq!(driver.value("a").unwrap(), "1");
}

#[test]
fn only_if_revision_is_a_compare_and_set() {
    let mut driver = Driver::new();
    driver.run(Put::new("a", "1"));
    driver.run(Put::new("b", "1"));
    assert_eq!(driver.run(Put::new("a", "2").only_if_mod_revision(1)).revision, 3);
    let response = driver.run(Put::new("a", "3").only_if_mod_revision(1));
    assert_failed(&response, FailureCode::ConditionFailed);
    assert_eq!(response.why().actual, 3);
    let missing = driver.run(Put::new("c", "3").only_if_mod_revision(1));
    assert_eq!(missing.why().actual, 0);
    assert_eq!(driver.machine.revision(), 3);
}

#[test]
fn usage_counts_keys_and_values() {
    let mut driver = Driver::new();
    driver.run(Put::new("key", "value"));
    assert_eq!(driver.machine.usage().bytes, 8);
    driver.run(Put::new("key", "v"));
    assert_eq!(driver.machine.usage().bytes, 4);
    assert_eq!(driver.machine.usage().keys, 1);
}

#[test]
fn a_range_ends_at_its_limits() {
    let mut driver = Driver::new();
    for key in ["a", "b", "c"] {
        driver.run(Put::new(key, "0123456789"));
    }
    let all = KeyRange::all();
    let page = |limit, bytes| {
        let page = driver.machine.range(&all, limit, bytes);
        (page.keys.len(), page.more)
    };
    assert_eq!(page(9, usize::MAX), (3, false));
    assert_eq!(page(3, usize::MAX), (3, false));
    assert_eq!(page(2, usize::MAX), (2, true));
    assert_eq!(page(0, usize::MAX), (0, true));
    assert_eq!(page(9, 0), (1, true));
    assert_eq!(driver.machine.count(&KeyRange::from("b")), 2);
}
