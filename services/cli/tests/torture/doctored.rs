//! Histories that must be refused.

use crate::harness::command::{Ended, understudy};

/// Two clients on one key, in order and right.
const RIGHT: &str = r#"
{"client":1,"id":0,"action":{"put":{"key":"a","value":"v1"}},"begin":10,"end":20,"outcome":{"ok":{"revision":1,"reply":{"put":{"version":1}}}}}
{"client":1,"id":1,"action":{"put":{"key":"a","value":"v2"}},"begin":30,"end":40,"outcome":{"ok":{"revision":2,"reply":{"put":{"version":2}}}}}
{"client":2,"id":0,"action":{"get":{"key":"a"}},"begin":50,"end":60,"outcome":{"ok":{"revision":2,"reply":{"get":{"found":{"value":"v2","revision":2,"version":2}}}}}}
"#;
const SECOND_PUT: &str = r#""outcome":{"ok":{"revision":2,"reply":{"put":{"version":2}}}}"#;
const READ: &str =
    r#"{"revision":2,"reply":{"get":{"found":{"value":"v2","revision":2,"version":2}}}}"#;

fn check(history: &str, more: &[&str]) -> Ended {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.jsonl");
    std::fs::write(&path, history).unwrap();
    understudy(&[&["check", "--history", path.to_str().unwrap()], more].concat())
}

fn refused(history: &str, says: &str) {
    assert_ne!(history, RIGHT, "nothing was doctored");
    let ended = check(history, &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains(says), "{says:?} in {ended:?}");
    assert!(ended.err.contains("is contradicted"), "{ended:?}");
}

#[test]
fn a_right_history_is_accepted() {
    let ended = check(RIGHT, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("the history is linearizable"), "{ended:?}");
}

#[test]
fn a_lost_write_is_found() {
    let gone =
        r#"{"revision":2,"reply":{"get":{"found":{"value":"v1","revision":1,"version":1}}}}"#;
    refused(&RIGHT.replace(READ, gone), "NothingLost");
}

#[test]
fn a_stale_read_is_found() {
    let old = r#"{"revision":1,"reply":{"get":{"found":{"value":"v1","revision":1,"version":1}}}}"#;
    refused(&RIGHT.replace(READ, old), "Linearizable");
}

#[test]
fn a_write_that_was_executed_twice_is_found() {
    let twice =
        r#"{"revision":3,"reply":{"get":{"found":{"value":"v2","revision":3,"version":3}}}}"#;
    refused(&RIGHT.replace(READ, twice), "ExactlyOnce");
}

#[test]
fn a_write_that_failed_and_was_executed_is_found() {
    refused(&RIGHT.replace(SECOND_PUT, r#""outcome":"failed""#), "FailedMeansNotExecuted");
}

#[test]
fn a_write_of_unknown_outcome_may_have_been_executed() {
    let ended = check(&RIGHT.replace(SECOND_PUT, r#""outcome":"unknown""#), &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn revisions_of_others_are_allowed_only_where_there_are_others() {
    let later = RIGHT.replace(r#""revision":2"#, r#""revision":5"#);
    refused(&later, "belongs to no operation");
    assert_eq!(check(&later, &["--others"]).code, Some(0));
}

#[test]
fn what_is_no_history_is_refused_with_its_line() {
    let ended = check(&format!("{RIGHT}{{\"client\":1"), &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("line 5 of the history is no operation"), "{ended:?}");
}
