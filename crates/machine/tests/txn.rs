//! Transactions: several operations as one.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Answer, Driver, assert_failed};
use understudy_machine::{
    Compare, Delete, FailureCode, Get, KeyRange, Put, Relation, StepOutcome, Target, Txn,
    TxnOperation, TxnResult,
};

fn then(operations: Vec<TxnOperation>) -> Txn {
    Txn { then: operations, ..Txn::default() }
}

fn put(key: &'static str, value: &'static str) -> TxnOperation {
    Put::new(key, value).into()
}

fn outcome(result: &TxnResult, at: usize) -> &StepOutcome {
    result.items[at].outcome.as_ref().unwrap()
}

#[test]
fn a_transaction_is_one_revision() {
    let mut driver = Driver::new();
    let response = driver.run(then(vec![put("a", "1"), put("b", "2"), put("c", "3")]));
    assert_eq!(response.revision, 1);
    assert!(response.txn().succeeded);
    for key in ["a", "b", "c"] {
        assert_eq!(driver.machine.get(key.as_bytes()).unwrap().mod_revision, 1);
    }
}

#[test]
fn a_transaction_that_changes_nothing_makes_no_revision() {
    let mut driver = Driver::new();
    driver.run(Put::new("a", "1"));
    let nothing =
        vec![Get::new(KeyRange::all()).into(), Delete::new(KeyRange::single("missing")).into()];
    assert_eq!(driver.run(then(nothing)).revision, 1);
    assert_eq!(driver.run(Txn::default()).revision, 1);
}

#[test]
fn comparisons_choose_the_list() {
    let mut driver = Driver::new();
    driver.run(Put::new("a", "m"));
    let txn = |relation, value: &'static str| Txn {
        compares: vec![Compare::new("a", relation, Target::Value(value.into()))],
        then: vec![put("seen", "then")],
        otherwise: vec![put("seen", "otherwise")],
    };
    assert!(driver.run(txn(Relation::Equal, "m")).txn().succeeded);
    assert_eq!(driver.value("seen").unwrap(), "then");
    assert!(!driver.run(txn(Relation::Equal, "n")).txn().succeeded);
    assert_eq!(driver.value("seen").unwrap(), "otherwise");
}

#[test]
fn every_target_is_compared_by_every_relation() {
    let mut driver = Driver::new();
    driver.run(Put::new("other", "x"));
    driver.run(Put::new("a", "m"));
    driver.run(Put::new("a", "m"));
    driver.run(Put::new("a", "m"));
    // The key's own: value m, created at 2, changed at 4, written 3 times, no lease.
    let value = |text: &'static str| Target::Value(text.into());
    let targets = [
        (value("l"), value("m"), value("n")),
        (Target::CreateRevision(1), Target::CreateRevision(2), Target::CreateRevision(3)),
        (Target::ModRevision(3), Target::ModRevision(4), Target::ModRevision(5)),
        (Target::Version(2), Target::Version(3), Target::Version(4)),
        (Target::Lease(-1), Target::Lease(0), Target::Lease(1)),
    ];
    for (below, same, above) in targets {
        for (target, less, equal) in
            [(below, false, false), (same, false, true), (above, true, false)]
        {
            let mut holds = |relation| {
                let compares = vec![Compare::new("a", relation, target.clone())];
                driver.run(Txn { compares, ..Txn::default() }).txn().succeeded
            };
            assert_eq!(holds(Relation::Less), less, "{target:?}");
            assert_eq!(holds(Relation::Equal), equal, "{target:?}");
            assert_eq!(holds(Relation::NotEqual), !equal, "{target:?}");
            assert_eq!(holds(Relation::Greater), !less && !equal, "{target:?}");
        }
    }
}

#[test]
fn a_missing_key_has_zeros_and_no_value() {
    let mut driver = Driver::new();
    let mut holds = |relation, target| {
        let compares = vec![Compare::new("missing", relation, target)];
        driver.run(Txn { compares, ..Txn::default() }).txn().succeeded
    };
    for target in
        [Target::ModRevision(0), Target::CreateRevision(0), Target::Version(0), Target::Lease(0)]
    {
        assert!(holds(Relation::Equal, target));
    }
    for relation in [Relation::Equal, Relation::NotEqual, Relation::Less, Relation::Greater] {
        assert!(!holds(relation, Target::Value("".into())));
    }
}

#[test]
fn operations_see_those_before_them() {
    let mut driver = Driver::new();
    driver.run(Put::new("old", "1"));
    let result = driver
        .run(then(vec![
            put("a", "1"),
            Get::new(KeyRange::all()).into(),
            Delete::new(KeyRange::single("old")).into(),
            Get { limit: 1, ..Get::new(KeyRange::all()) }.into(),
            Get::new(KeyRange::single("old")).into(),
        ]))
        .txn();
    let StepOutcome::Get(first) = outcome(&result, 1) else { panic!("{result:?}") };
    assert_eq!(first.keys.len(), 2);
    assert_eq!(first.keys[0].mod_revision, 2);
    let StepOutcome::Get(second) = outcome(&result, 3) else { panic!("{result:?}") };
    assert_eq!((second.keys.len(), second.more), (1, false));
    let StepOutcome::Get(third) = outcome(&result, 4) else { panic!("{result:?}") };
    assert!(third.keys.is_empty());
}

#[test]
fn a_transaction_that_fails_half_way_leaves_nothing() {
    let mut driver = Driver::new();
    for key in ["a", "b", "c"] {
        driver.run(Put::new(key, "1"));
    }
    let (keys, usage) = (driver.keys(), driver.machine.usage());
    let response = driver.run(then(vec![
        put("a", "2"),
        put("new", "2"),
        Delete::new(KeyRange::between("b", "d")).into(),
        Put::new("e", "2").only_if_mod_revision(7).into(),
    ]));
    assert_failed(&response, FailureCode::ConditionFailed);
    assert_eq!(response.why().operation, Some(3));
    assert_eq!(response.revision, 3);
    assert_eq!((driver.keys(), driver.machine.usage()), (keys, usage));
}

#[test]
fn no_list_writes_a_key_twice() {
    let delete = |range| TxnOperation::from(Delete::new(range));
    let twice = [
        vec![put("a", "1"), put("b", "1"), put("a", "2")],
        vec![put("b", "1"), delete(KeyRange::between("a", "c"))],
        vec![delete(KeyRange::from("a")), put("b", "1")],
        vec![put("a", "1"), delete(KeyRange::single("a"))],
        vec![delete(KeyRange::between("a", "d")), delete(KeyRange::between("c", "e"))],
        vec![delete(KeyRange::all()), put("z", "1"), put("y", "1")],
        vec![delete(KeyRange::between("a", "z")), put("a", "1")],
    ];
    for list in twice {
        for txn in [then(list.clone()), Txn { otherwise: list.clone(), ..Txn::default() }] {
            let mut driver = Driver::new();
            let response = driver.run(txn);
            assert_failed(&response, FailureCode::DuplicateKeyInTxn);
            assert!(response.why().operation.is_some());
            assert_eq!(driver.machine.revision(), 0, "{list:?}");
        }
    }
}

#[test]
fn neighbours_and_both_lists_may_write() {
    let mut driver = Driver::new();
    let list = vec![
        put("a", "1"),
        Delete::new(KeyRange::between("b", "d")).into(),
        put("d", "1"),
        Delete::new(KeyRange::between("z", "e")).into(),
        put("g", "1"),
    ];
    let txn = Txn { otherwise: list.clone(), ..then(list) };
    assert!(driver.run(txn).txn().succeeded);
    assert_eq!(driver.machine.usage().keys, 3);
}
