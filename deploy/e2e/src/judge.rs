//! Judges the history of one round.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use understudy_history::{Operation, Verdict, check_among_others, read_lines};
use understudy_load::pauses::longest;

use crate::way::Way;

/// What the clients of one way met with.
#[derive(Clone, Copy, Default, Debug, Serialize, Deserialize)]
pub struct Met {
    /// Operations that were answered.
    pub acknowledged: u64,
    /// Operations that were not, within the client's deadline.
    pub failed: u64,
    /// The longest time without an acknowledged change from the fault on, milliseconds.
    pub pause_ms: u64,
    /// The longest operation that was under way at the fault or later, milliseconds: no client
    /// waited longer.
    pub slowest_ms: u64,
}

/// What is to be said of a round's history.
pub struct Judgement {
    /// What the checkers say.
    pub verdict: Verdict,
    /// By way.
    pub met: BTreeMap<Way, Met>,
}

/// Judges the history in a file; pauses are looked for between `struck` and `stopped`.
///
/// # Errors
/// When it cannot be read.
pub fn judge(path: &Path, struck: u64, stopped: u64) -> Result<Judgement> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let history = read_lines(BufReader::new(file)).context("the history")?;
    let met = [Way::Library, Way::Service].map(|way| (way, met(&history, way, struck, stopped)));
    // Other rounds wrote other keys.
    Ok(Judgement { verdict: check_among_others(&history), met: met.into() })
}

fn met(history: &[Operation], way: Way, struck: u64, stopped: u64) -> Met {
    let of_it = || history.iter().filter(|operation| Way::of(operation.client) == way);
    let acknowledged = of_it().filter(|operation| operation.answer().is_some()).count() as u64;
    let failed = of_it().count() as u64 - acknowledged;
    let changed = |operation: &&Operation| operation.answer().is_some_and(|a| a.reply.changed());
    let mut changes: Vec<u64> = of_it().filter(changed).map(|operation| operation.end).collect();
    changes.sort_unstable();
    let (begin, end) = longest(&changes, struck, stopped);
    let later = of_it().filter(|operation| operation.end >= struck);
    let slowest = later.map(|operation| operation.end - operation.begin).max().unwrap_or(0);
    Met {
        acknowledged,
        failed,
        pause_ms: (end - begin) / 1_000_000,
        slowest_ms: slowest / 1_000_000,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use understudy_history::{Action, Answer, Condition, Outcome, Reply, write_line};

    use super::*;
    use crate::way::SERVICE;

    const MS: u64 = 1_000_000;

    fn put(client: u64, end_ms: u64, outcome: Outcome) -> Operation {
        let action = Action::Put {
            key: "k".into(),
            value: format!("{client}-{end_ms}"),
            condition: Condition::Always,
            want_previous: false,
        };
        Operation {
            client,
            id: end_ms,
            action,
            begin: (end_ms - 1) * MS,
            end: end_ms * MS,
            outcome,
        }
    }

    #[test]
    fn each_way_has_its_own_pause_and_failures() {
        let done = || {
            let reply = Reply::Put { version: None, previous: None };
            Outcome::Ok(Answer { revision: 1, reply })
        };
        let history = [
            Operation { begin: 0, ..put(0, 90, done()) },
            put(0, 110, done()),
            put(0, 150, done()),
            put(SERVICE, 100, done()),
            put(SERVICE, 180, done()),
            put(SERVICE + 1, 190, Outcome::Unknown),
        ];
        let met = |way| met(&history, way, 95 * MS, 200 * MS);
        let (library, service) = (met(Way::Library), met(Way::Service));
        assert_eq!((library.acknowledged, library.failed, library.pause_ms), (3, 0, 50));
        assert_eq!((service.acknowledged, service.failed, service.pause_ms), (2, 1, 80));
        assert_eq!(library.slowest_ms, 1);
    }

    #[test]
    fn an_acknowledged_write_that_is_gone_is_told() {
        let answer = |reply| Outcome::Ok(Answer { revision: 1, reply });
        let written = answer(Reply::Put { version: Some(1), previous: None });
        let read = Operation {
            action: Action::Get { key: "k".into() },
            ..put(1, 120, answer(Reply::Get { found: None }))
        };
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        for operation in [put(0, 100, written), read] {
            write_line(&mut file, &operation).expect("the file takes it");
        }
        file.flush().expect("the file takes it");
        let Judgement { verdict, met } = judge(file.path(), 90 * MS, 130 * MS).expect("a history");
        assert_eq!((verdict.acknowledged, verdict.lost, verdict.is_ok()), (2, 1, false));
        assert_eq!(met[&Way::Library].pause_ms, 30);
    }
}
