//! Reads at old revisions: good histories and, for each way to be wrong, a bad one.
#![allow(clippy::unwrap_used)]

mod common;

use common::{absent, delete, found, ok, put, was_put};
use understudy_history::*;

fn op(begin: u64, end: u64, action: Action, outcome: Outcome) -> Operation {
    Operation { client: 1, id: begin, action, begin, end, outcome }
}

/// A read of `a` after everything else, at `revision`.
fn read(begin: u64, revision: u64, outcome: Outcome) -> Operation {
    op(begin, begin + 1, Action::GetAt { key: "a".into(), revision }, outcome)
}

/// Revision 1 sets `a`, 2 sets `b`, 3 sets `a`, 4 deletes it, 5 sets it; all is over at 10.
fn written() -> Vec<Operation> {
    vec![
        op(0, 1, put("a", "one"), was_put(1, 1)),
        op(2, 3, put("b", "two"), was_put(2, 1)),
        op(4, 5, put("a", "three"), was_put(3, 2)),
        op(6, 7, delete("a"), ok(4, Reply::Delete { deleted: true })),
        op(8, 9, put("a", "five"), was_put(5, 1)),
    ]
}

/// Which properties those writes and then these reads break.
fn broken(reads: impl IntoIterator<Item = Operation>) -> Vec<Property> {
    judge(written().into_iter().chain(reads))
}

fn judge(history: impl IntoIterator<Item = Operation>) -> Vec<Property> {
    let history: Vec<Operation> = history.into_iter().collect();
    let mut broken: Vec<Property> =
        check(&history).violations.iter().map(|violation| violation.property).collect();
    broken.sort();
    broken.dedup();
    broken
}

const WRONG: [Property; 1] = [Property::OldRevisions];

#[test]
fn every_revision_is_told_as_it_was() {
    let right = [
        read(10, 1, found(5, "one", 1, 1)),
        read(12, 2, found(5, "one", 1, 1)),
        read(14, 3, found(5, "three", 3, 2)),
        read(16, 4, absent(5)),
        read(18, 5, found(5, "five", 5, 1)),
    ];
    assert_eq!(broken(right), []);
}

#[test]
fn a_stale_value_is_found() {
    assert_eq!(broken([read(10, 3, found(5, "one", 1, 1))]), WRONG);
}

#[test]
fn a_value_of_the_future_is_found() {
    assert_eq!(broken([read(10, 2, found(5, "three", 3, 2))]), WRONG);
}

#[test]
fn a_skipped_write_and_a_skipped_delete_are_found() {
    assert_eq!(broken([read(10, 3, absent(5))]), WRONG);
    assert_eq!(broken([read(10, 4, found(5, "three", 3, 2))]), WRONG);
    // Absent is only what nobody had set yet.
    assert_eq!(broken([read(10, 1, absent(5))]), WRONG);
}

#[test]
fn two_answers_that_disagree_are_found() {
    // Whether the unknown delete took revision 2 is open, but it cannot be both.
    let history = |reads: [Operation; 2]| {
        let written = [
            op(0, 1, put("a", "one"), was_put(1, 1)),
            op(2, 3, delete("a"), Outcome::Unknown),
            op(4, 5, put("b", "three"), was_put(3, 1)),
        ];
        judge(written.into_iter().chain(reads))
    };
    let (there, gone) = (found(3, "one", 1, 1), absent(3));
    assert_eq!(history([read(6, 2, gone.clone()), read(8, 3, gone.clone())]), []);
    assert_eq!(history([read(6, 2, there), read(8, 2, gone)]), WRONG);
}

#[test]
fn a_wrong_version_is_found() {
    assert_eq!(broken([read(10, 3, found(5, "three", 3, 1))]), WRONG);
}

#[test]
fn what_an_old_revision_shows_was_executed_there_and_once() {
    let unknown = op(0, 9, put("a", "zero"), Outcome::Unknown);
    let written = op(10, 11, put("a", "one"), was_put(2, 2));
    let shown = read(12, 1, found(2, "zero", 1, 1));
    let elsewhere = read(14, 2, found(2, "zero", 2, 2));
    assert_eq!(judge([unknown.clone(), written.clone(), shown.clone()]), []);
    let twice = judge([unknown.clone(), written.clone(), shown.clone(), elsewhere]);
    assert!(twice.contains(&Property::ExactlyOnce), "{twice:?}");
    let failed = Operation { outcome: Outcome::Failed, ..unknown };
    let seen = judge([failed, written, shown]);
    assert!(seen.contains(&Property::FailedMeansNotExecuted), "{seen:?}");
}

#[test]
fn the_store_must_have_got_to_the_revision() {
    // It says itself that it was at 2, after an answer of 5.
    assert_eq!(broken([read(10, 2, found(2, "one", 1, 1))]), [Property::Linearizable]);
    let early = Operation { end: 20, ..read(0, 5, found(4, "five", 5, 1)) };
    assert_eq!(broken([early]), WRONG);
    assert_eq!(broken([read(10, 6, ok(5, Reply::Refused))]), []);
    assert_eq!(broken([read(10, 5, ok(5, Reply::Refused))]), WRONG);
    // What has been reached stays reached.
    assert_eq!(broken([read(10, 5, ok(4, Reply::Refused))]), [Property::Linearizable]);
}

#[test]
fn what_is_forgotten_stays_forgotten() {
    let forgotten = |begin, oldest| read(begin, 1, ok(oldest, Reply::Compacted));
    assert_eq!(broken([forgotten(10, 3), read(12, 3, found(5, "three", 3, 2))]), []);
    assert_eq!(broken([read(10, 1, found(5, "one", 1, 1)), forgotten(12, 3)]), []);
    assert_eq!(broken([forgotten(10, 3), read(12, 2, found(5, "one", 1, 1))]), WRONG);
    // The revision that was asked for is kept.
    assert_eq!(broken([forgotten(10, 1)]), WRONG);
    // Nobody made revision 6, so it cannot be the oldest.
    assert_eq!(broken([forgotten(10, 6)]), [Property::Revisions]);
}

#[test]
fn the_format_is_stable() {
    let lines = [
        r#"{"client":1,"id":10,"action":{"get_at":{"key":"a","revision":1}},"begin":10,"end":11,"outcome":{"ok":{"revision":3,"reply":"compacted"}}}"#,
        r#"{"client":1,"id":12,"action":{"get_at":{"key":"a","revision":4}},"begin":12,"end":13,"outcome":{"ok":{"revision":5,"reply":{"get":{"found":null}}}}}"#,
    ];
    let operations = [read(10, 1, ok(3, Reply::Compacted)), read(12, 4, absent(5))];
    for (line, operation) in lines.iter().zip(operations) {
        let mut written = Vec::new();
        write_line(&mut written, &operation).unwrap();
        assert_eq!(std::str::from_utf8(&written).unwrap().trim_end(), *line);
        assert_eq!(read_lines(line.as_bytes()).unwrap(), [operation]);
    }
}
