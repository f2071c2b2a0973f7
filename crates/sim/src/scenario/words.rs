//! The words of a command.

use understudy_history::{Action, Compare, Condition, Relation, Step, Target};

use crate::world::clock::{MILLISECOND, SECOND};

/// `2s`, `500ms`, `1h`, with a sign perhaps, as nanoseconds.
pub fn span(word: &str) -> Result<i64, String> {
    let units = [("ms", MILLISECOND), ("s", SECOND), ("m", 60 * SECOND), ("h", 3600 * SECOND)];
    for (unit, nanoseconds) in units {
        if let Some(number) = word.strip_suffix(unit)
            && let Ok(number) = number.parse::<i64>()
        {
            return Ok(number * nanoseconds.cast_signed());
        }
    }
    Err(format!("{word:?} is no span of time such as 2s or 500ms"))
}

/// A span that is not negative.
pub fn time(word: &str) -> Result<u64, String> {
    u64::try_from(span(word)?).map_err(|_| format!("{word:?} is negative"))
}

/// A client's action.
pub fn action(words: &[&str]) -> Result<Action, String> {
    Ok(match *words {
        ["put", key, value] => put(key, value, Condition::Always),
        ["put", key, value, "if", "absent"] => put(key, value, Condition::Absent),
        ["put", key, value, "if", "revision", revision] => {
            let revision = revision.parse().map_err(|_| format!("{revision:?} is no revision"))?;
            put(key, value, Condition::Revision(revision))
        }
        ["get", key] => Action::Get { key: key.into() },
        ["delete", key] => Action::Delete { key: key.into(), condition: Condition::Always },
        ["move", from, to, value] => Action::Txn {
            compares: vec![Compare {
                key: from.into(),
                target: Target::Version(0),
                relation: Relation::Greater,
            }],
            then: vec![
                Step::Delete { key: from.into() },
                Step::Put { key: to.into(), value: value.into() },
            ],
            otherwise: vec![Step::Get { key: to.into() }],
        },
        _ => return Err("no such command; see scenario::COMMANDS".into()),
    })
}

fn put(key: &str, value: &str, condition: Condition) -> Action {
    // `x*3` stands for xxx: values that take room.
    let value = match value.split_once('*').map(|(text, times)| (text, times.parse())) {
        Some((text, Ok(times))) => text.repeat(times),
        _ => value.into(),
    };
    Action::Put { key: key.into(), value, condition, want_previous: false }
}
