//! An operation in one short line, as scripts and traces show it.

use understudy_history::{Action, Condition, Found, Operation, Outcome, Reply};

/// What a client asked and what it was told.
pub fn line(operation: &Operation) -> String {
    let Operation { client, action, outcome, .. } = operation;
    format!("client {client}: {} => {}", asked(action), told(outcome))
}

fn asked(action: &Action) -> String {
    match action {
        Action::Put { key, value, condition, .. } => {
            format!("put {key} {}{}", short(value), only_if(*condition))
        }
        Action::Get { key } => format!("get {key}"),
        Action::GetAt { key, revision } => format!("get {key} at revision {revision}"),
        Action::Delete { key, condition } => format!("delete {key}{}", only_if(*condition)),
        Action::Txn { .. } => format!("transaction on {}", action.keys().join(" ")),
    }
}

fn only_if(condition: Condition) -> String {
    match condition {
        Condition::Always => String::new(),
        Condition::Absent => " if absent".into(),
        Condition::Revision(revision) => format!(" if revision {revision}"),
    }
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok(answer) => format!("{}, revision {}", reply(&answer.reply), answer.revision),
        Outcome::Failed => "failed, surely not executed".into(),
        Outcome::Unknown => "outcome unknown".into(),
    }
}

fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Put { previous: Some(previous), .. } => format!("ok, was {}", found(previous)),
        Reply::Put { .. } => "ok".into(),
        Reply::Get { found: Some(key) } => found(key),
        Reply::Get { found: None } => "absent".into(),
        Reply::Delete { deleted: true } => "deleted".into(),
        Reply::Delete { deleted: false } => "nothing there".into(),
        Reply::Refused => "refused".into(),
        Reply::Compacted => "not kept".into(),
        Reply::Txn { succeeded, replies } => {
            let replies: Vec<String> = replies.iter().map(self::reply).collect();
            format!("{}: {}", if *succeeded { "then" } else { "otherwise" }, replies.join("; "))
        }
    }
}

/// Long values by their length.
fn short(value: &str) -> String {
    if value.len() > 40 { format!("({} bytes)", value.len()) } else { value.into() }
}

fn found(found: &Found) -> String {
    format!("{} (revision {}, version {})", short(&found.value), found.revision, found.version)
}
