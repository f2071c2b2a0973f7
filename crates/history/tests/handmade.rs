//! A good history and, for each property, a bad one.
#![allow(clippy::unwrap_used)]

mod common;

use common::{absent, delete, found, ok, put, was_put};
use understudy_history::*;

fn op(client: u64, begin: u64, end: u64, action: Action, outcome: Outcome) -> Operation {
    Operation { client, id: begin, action, begin, end, outcome }
}

fn get(key: &str) -> Action {
    Action::Get { key: key.into() }
}

/// A move of a value from `a` to `b`, if `a` still has version 1.
fn transfer(value: &str) -> Action {
    Action::Txn {
        compares: vec![Compare {
            key: "a".into(),
            target: Target::Version(1),
            relation: Relation::Equal,
        }],
        then: vec![
            Step::Get { key: "a".into() },
            Step::Delete { key: "a".into() },
            Step::Put { key: "b".into(), value: value.into() },
        ],
        otherwise: vec![Step::Get { key: "b".into() }],
    }
}

fn transferred(revision: u64, value: &str, from: u64) -> Outcome {
    ok(
        revision,
        Reply::Txn {
            succeeded: true,
            replies: vec![
                Reply::Get {
                    found: Some(Found { value: value.into(), revision: from, version: 1 }),
                },
                Reply::Delete { deleted: true },
                Reply::Put { version: Some(1), previous: None },
            ],
        },
    )
}

fn properties(history: &[Operation]) -> Vec<Property> {
    let mut broken: Vec<Property> =
        check(history).violations.iter().map(|violation| violation.property).collect();
    broken.sort();
    broken.dedup();
    broken
}

#[test]
fn a_good_history_passes_and_is_counted() {
    let history = [
        op(1, 0, 5, put("a", "1"), was_put(1, 1)),
        op(2, 1, 9, get("a"), absent(0)),
        op(2, 10, 11, get("a"), found(1, "1", 1, 1)),
        op(1, 12, 20, transfer("2"), transferred(2, "1", 1)),
        op(2, 13, 30, put("b", "3"), was_put(3, 2)),
        op(3, 14, 15, put("c", "4"), Outcome::Failed),
        op(3, 16, 30, delete("b"), Outcome::Unknown),
        op(1, 31, 32, get("b"), absent(4)),
        op(1, 33, 34, delete("b"), ok(4, Reply::Delete { deleted: false })),
    ];
    let verdict = check(&history);
    assert_eq!(verdict.violations, vec![]);
    assert_eq!((verdict.acknowledged, verdict.failed, verdict.unknown), (7, 1, 1));
    assert_eq!((verdict.lost, verdict.duplicated), (0, 0));
}

/// A write that nobody was told about stands at some revision: a compare can be above or below it.
#[test]
fn compares_with_a_write_of_unknown_outcome_hold_on_one_side_of_it() {
    let judged = |relation, revision, succeeded: bool| {
        let target = Target::Revision(revision);
        let step = |value: &str| vec![Step::Put { key: "a".into(), value: value.into() }];
        let action = Action::Txn {
            compares: vec![Compare { key: "a".into(), target, relation }],
            then: step("3"),
            otherwise: step("4"),
        };
        // Version 3: the one of unknown outcome was executed, as revision 2.
        let replies = vec![Reply::Put { version: Some(3), previous: None }];
        properties(&[
            op(1, 0, 5, put("a", "1"), was_put(1, 1)),
            op(2, 6, 9, put("a", "2"), Outcome::Unknown),
            op(1, 10, 20, action, ok(3, Reply::Txn { succeeded, replies })),
        ])
    };
    use Relation::{Equal, Greater, Less, NotEqual};
    for (relation, revision, holds) in [
        (Less, 1, false),
        (Less, 2, false),
        (Less, 3, true),
        (Less, 10, true),
        (Greater, 1, true),
        (Greater, 2, false),
        (Greater, 10, false),
        (Equal, 1, false),
        (Equal, 2, true),
        (Equal, 10, false),
        (NotEqual, 2, false),
        (NotEqual, 10, true),
    ] {
        assert_eq!(judged(relation, revision, holds), [], "{relation:?} {revision}");
        let wrong = judged(relation, revision, !holds);
        assert_eq!(wrong, [Property::Linearizable], "{relation:?} {revision}");
    }
}

#[test]
fn a_stale_read_is_found() {
    let history = [
        op(1, 0, 5, put("a", "1"), was_put(1, 1)),
        op(1, 6, 7, put("a", "2"), was_put(2, 2)),
        op(2, 8, 9, get("a"), found(1, "1", 1, 1)),
        op(2, 10, 11, get("a"), found(2, "2", 2, 2)),
    ];
    assert_eq!(properties(&history), [Property::Linearizable]);
}

#[test]
fn a_read_of_the_wrong_value_at_the_right_place_is_found() {
    let history = [
        op(1, 0, 5, put("a", "1"), was_put(1, 1)),
        op(1, 6, 7, put("a", "2"), was_put(2, 2)),
        op(2, 8, 9, get("a"), found(2, "1", 1, 1)),
        op(2, 10, 11, get("a"), found(2, "2", 2, 2)),
    ];
    assert_eq!(properties(&history), [Property::Linearizable]);
}

#[test]
fn a_lost_write_is_found_and_counted() {
    let history = [
        op(1, 0, 5, put("a", "1"), was_put(1, 1)),
        op(1, 6, 7, put("a", "2"), was_put(2, 2)),
        op(2, 8, 9, get("a"), found(1, "1", 1, 1)),
    ];
    let verdict = check(&history);
    assert!(verdict.lost > 0);
    assert!(properties(&history).contains(&Property::NothingLost));
}

#[test]
fn two_histories_of_the_store_are_found() {
    let history =
        [op(1, 0, 5, put("a", "1"), was_put(1, 1)), op(2, 6, 7, put("b", "2"), was_put(1, 1))];
    let verdict = check(&history);
    assert_eq!(verdict.lost, 1);
    assert_eq!(properties(&history), [Property::Revisions]);
}

#[test]
fn an_execution_again_is_found() {
    let history =
        [op(1, 0, 5, put("a", "1"), was_put(1, 1)), op(2, 6, 7, get("a"), found(2, "1", 2, 2))];
    let verdict = check(&history);
    assert!(verdict.duplicated > 0);
    assert!(properties(&history).contains(&Property::ExactlyOnce));
}

#[test]
fn an_unknown_write_may_be_executed_late_but_not_twice() {
    let mut history = vec![
        op(1, 0, 5, put("a", "1"), Outcome::Unknown),
        op(1, 6, 7, put("a", "2"), was_put(1, 1)),
        op(2, 8, 9, get("a"), found(2, "1", 2, 2)),
    ];
    assert_eq!(properties(&history), []);
    history.push(op(1, 10, 11, put("a", "3"), was_put(3, 3)));
    history.push(op(2, 12, 13, get("a"), found(4, "1", 4, 4)));
    assert!(properties(&history).contains(&Property::ExactlyOnce));
}

#[test]
fn a_failed_write_that_is_seen_is_found() {
    let history =
        [op(1, 0, 5, put("a", "1"), Outcome::Failed), op(2, 6, 7, get("a"), found(1, "1", 1, 1))];
    assert!(properties(&history).contains(&Property::FailedMeansNotExecuted));
}

#[test]
fn a_value_from_nowhere_is_found() {
    let history = [op(2, 6, 7, get("a"), found(1, "x", 1, 1))];
    assert!(properties(&history).contains(&Property::Linearizable));
}

#[test]
fn a_revision_of_nobody_is_found() {
    let history =
        [op(1, 0, 5, put("a", "1"), was_put(1, 1)), op(1, 6, 7, put("b", "2"), was_put(3, 1))];
    assert_eq!(properties(&history), [Property::Revisions]);
}

#[test]
fn half_a_transaction_is_found() {
    let history = [
        op(1, 0, 5, put("a", "1"), was_put(1, 1)),
        op(1, 6, 9, transfer("2"), transferred(2, "1", 1)),
        op(2, 10, 12, get("a"), found(2, "1", 1, 1)),
        op(2, 10, 12, get("b"), found(2, "2", 2, 1)),
    ];
    let broken = properties(&history);
    assert!(broken.contains(&Property::Linearizable), "{broken:?}");
}

#[test]
fn two_reads_that_disagree_about_the_order_are_found() {
    // One sees b's write without a's, though a's was answered before b's began.
    let history =
        [op(1, 0, 5, put("a", "1"), was_put(2, 1)), op(2, 6, 9, put("b", "2"), was_put(1, 1))];
    assert_eq!(properties(&history), [Property::Linearizable]);
}

#[test]
fn a_condition_that_held_though_it_did_not_is_found() {
    let only_if_absent = Action::Put {
        key: "a".into(),
        value: "2".into(),
        condition: Condition::Absent,
        want_previous: true,
    };
    let refused = [
        op(1, 0, 5, put("a", "1"), was_put(1, 1)),
        op(1, 6, 7, only_if_absent.clone(), ok(1, Reply::Refused)),
    ];
    assert_eq!(properties(&refused), []);
    let held =
        [op(1, 0, 5, put("a", "1"), was_put(1, 1)), op(1, 6, 7, only_if_absent, was_put(2, 2))];
    assert_eq!(properties(&held), [Property::Linearizable]);
}

#[test]
fn the_format_is_stable_and_reads_back() {
    let history = vec![
        op(1, 0, 5, put("a", "1"), was_put(1, 1)),
        op(1, 6, 9, transfer("2"), transferred(2, "1", 1)),
        op(1, 10, 12, delete("a"), Outcome::Unknown),
    ];
    let mut file = Vec::new();
    for operation in &history {
        write_line(&mut file, operation).unwrap();
    }
    let first = file.split(|&b| b == b'\n').next().unwrap();
    assert_eq!(
        std::str::from_utf8(first).unwrap(),
        r#"{"client":1,"id":0,"action":{"put":{"key":"a","value":"1"}},"begin":0,"end":5,"outcome":{"ok":{"revision":1,"reply":{"put":{"version":1}}}}}"#
    );
    assert_eq!(read_lines(&file[..]).unwrap(), history);
    let error = read_lines(&b"\n{\"client\":1}\n"[..]).unwrap_err();
    assert!(error.to_string().starts_with("line 2 of the history is no operation"), "{error}");
}

/// 100,000 operations of 50 clients on 100 keys, one in a hundred unknown: seconds, not minutes.
#[test]
fn a_long_history_is_checked_in_one_pass() {
    let mut history = Vec::new();
    let mut cells: Vec<Option<Found>> = vec![None; 100];
    let mut revision = 0;
    for i in 0..100_000u64 {
        let (client, key) = (i % 50, (i * 7919 % 100) as usize);
        let name = format!("k{key}");
        let (begin, end) = (i * 10, i * 10 + 300);
        let (action, outcome) = if i % 3 == 0 {
            revision += 1;
            let version = cells[key].as_ref().map_or(0, |cell| cell.version) + 1;
            cells[key] = Some(Found { value: i.to_string(), revision, version });
            (put(&name, &i.to_string()), was_put(revision, version))
        } else if i % 100 == 1 {
            let deleted = cells[key].take().is_some();
            revision += u64::from(deleted);
            (delete(&name), ok(revision, Reply::Delete { deleted }))
        } else {
            (get(&name), ok(revision, Reply::Get { found: cells[key].clone() }))
        };
        let mutates = action.mutates();
        let outcome = if mutates && i % 100 <= 1 { Outcome::Unknown } else { outcome };
        history.push(op(client, begin, end, action, outcome));
    }
    let verdict = check(&history);
    assert_eq!(verdict.violations, vec![]);
    assert!(verdict.unknown > 1000);
}
