//! From the history's actions to the machine's commands, and back from answers.

use understudy_history::{
    Action, Answer, Compare, Condition, Found, Relation, Reply, Step, Target,
};
use understudy_machine as machine;
use understudy_machine::{
    Failure, FailureCode, KeyRange, KeyValue, Operation, Outcome, Response, StepOutcome,
};

/// The machine's operation for an action that goes through the log.
pub fn operation(action: &Action) -> Operation {
    match action {
        Action::Put { key, value, condition, want_previous } => {
            let if_mod_revision = match condition {
                Condition::Always => None,
                Condition::Absent => Some(0),
                Condition::Revision(revision) => Some(revision.cast_signed()),
            };
            let put = machine::Put::new(key.clone(), value.clone());
            machine::Put { want_previous: *want_previous, if_mod_revision, ..put }.into()
        }
        // Those of an old revision go through no log.
        Action::Get { key } | Action::GetAt { key, .. } => machine::Txn {
            then: vec![machine::Get::new(KeyRange::single(key.clone())).into()],
            ..machine::Txn::default()
        }
        .into(),
        Action::Delete { key, .. } => machine::Delete::new(KeyRange::single(key.clone())).into(),
        Action::Txn { compares, then, otherwise } => machine::Txn {
            compares: compares.iter().map(compare).collect(),
            then: then.iter().map(step).collect(),
            otherwise: otherwise.iter().map(step).collect(),
        }
        .into(),
    }
}

fn compare(compare: &Compare) -> machine::Compare {
    let target = match &compare.target {
        Target::Value(value) => machine::Target::Value(value.clone().into()),
        Target::Revision(revision) => machine::Target::ModRevision(revision.cast_signed()),
        Target::Version(version) => machine::Target::Version(version.cast_signed()),
    };
    let relation = match compare.relation {
        Relation::Equal => machine::Relation::Equal,
        Relation::NotEqual => machine::Relation::NotEqual,
        Relation::Less => machine::Relation::Less,
        Relation::Greater => machine::Relation::Greater,
    };
    machine::Compare::new(compare.key.clone(), relation, target)
}

fn step(step: &Step) -> machine::TxnOperation {
    match step {
        Step::Put { key, value } => machine::Put::new(key.clone(), value.clone()).into(),
        Step::Get { key } => machine::Get::new(KeyRange::single(key.clone())).into(),
        Step::Delete { key } => machine::Delete::new(KeyRange::single(key.clone())).into(),
    }
}

/// What a response says in the history's words; `Err` is a failure that is no answer.
pub fn answer(response: &Response) -> Result<Answer, FailureCode> {
    let reply = match &response.result {
        Some(Outcome::Put(put)) => Reply::Put { version: None, previous: found(&put.previous) },
        Some(Outcome::Delete(delete)) => Reply::Delete { deleted: delete.deleted > 0 },
        Some(Outcome::Txn(txn)) => Reply::Txn {
            succeeded: txn.succeeded,
            replies: txn.items.iter().filter_map(|item| item.outcome.as_ref()).map(item).collect(),
        },
        Some(Outcome::Failure(failure)) => match failure.code() {
            FailureCode::ConditionFailed => Reply::Refused,
            code => return Err(code),
        },
        _ => return Err(FailureCode::Unspecified),
    };
    Ok(Answer { revision: response.revision.cast_unsigned(), reply })
}

/// What was read at `revision`, or why an old revision could not be.
pub fn read(found: &Result<Option<KeyValue>, Failure>, revision: i64) -> Answer {
    match found {
        Ok(kv) => Answer {
            revision: revision.cast_unsigned(),
            reply: Reply::Get { found: self::found(kv) },
        },
        Err(failure) => Answer {
            revision: failure.limit,
            reply: match failure.code() {
                FailureCode::Compacted => Reply::Compacted,
                _ => Reply::Refused,
            },
        },
    }
}

fn item(item: &StepOutcome) -> Reply {
    match item {
        StepOutcome::Put(put) => Reply::Put { version: None, previous: found(&put.previous) },
        StepOutcome::Delete(delete) => Reply::Delete { deleted: delete.deleted > 0 },
        StepOutcome::Get(get) => Reply::Get { found: found(&get.keys.first().cloned()) },
    }
}

/// A key as the history shows it.
pub fn found(key: &Option<KeyValue>) -> Option<Found> {
    key.as_ref().map(|key| Found {
        value: String::from_utf8_lossy(&key.value).into_owned(),
        revision: key.mod_revision.cast_unsigned(),
        version: key.version.cast_unsigned(),
    })
}
