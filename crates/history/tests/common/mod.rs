//! Short words for operations and answers.

// Each test binary uses a part of it.
#![allow(dead_code)]

use understudy_history::*;

pub fn put(key: &str, value: &str) -> Action {
    let (key, value, condition) = (key.into(), value.into(), Condition::Always);
    Action::Put { key, value, condition, want_previous: false }
}

pub fn delete(key: &str) -> Action {
    Action::Delete { key: key.into(), condition: Condition::Always }
}

pub fn ok(revision: u64, reply: Reply) -> Outcome {
    Outcome::Ok(Answer { revision, reply })
}

pub fn was_put(revision: u64, version: u64) -> Outcome {
    ok(revision, Reply::Put { version: Some(version), previous: None })
}

pub fn found(now: u64, value: &str, revision: u64, version: u64) -> Outcome {
    ok(now, Reply::Get { found: Some(Found { value: value.into(), revision, version }) })
}

pub fn absent(now: u64) -> Outcome {
    ok(now, Reply::Get { found: None })
}
