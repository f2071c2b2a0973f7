//! Whether each key has as many versions as writes were acknowledged: neither lost nor doubled.

use std::collections::BTreeMap;

use serde::Serialize;
use understudy_history::{Action, Operation, Outcome, Reply, Step};

/// What the keys' versions say.
#[derive(Debug, Default, Serialize)]
pub struct Versions {
    /// How many keys were read at the end.
    pub keys: u64,
    /// Those whose version is not the number of acknowledged writes, for people.
    pub wrong: Vec<String>,
}

impl Versions {
    /// Compares the last read of each key with the writes of the whole history. No key may have
    /// been deleted.
    pub fn check(history: &[Operation]) -> Self {
        let mut writes: BTreeMap<&str, u64> = BTreeMap::new();
        let mut reads: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for operation in history {
            let Outcome::Ok(answer) = &operation.outcome else { continue };
            for key in written(&operation.action, &answer.reply) {
                *writes.entry(key).or_default() += 1;
            }
            if let (Action::Get { key }, Reply::Get { found }) = (&operation.action, &answer.reply)
            {
                let version = found.as_ref().map_or(0, |found| found.version);
                let last = reads.entry(key).or_default();
                if operation.begin >= last.0 {
                    *last = (operation.begin, version);
                }
            }
        }
        let keys: Vec<&str> = writes.keys().chain(reads.keys()).copied().collect();
        let mut versions = Versions { keys: reads.len() as u64, wrong: Vec::new() };
        for key in keys {
            let (written, version) =
                (writes.remove(key).unwrap_or(0), reads.remove(key).map(|(_, version)| version));
            match version {
                Some(version) if version == written => {}
                None if written == 0 => {}
                Some(version) => versions
                    .wrong
                    .push(format!("{key} has version {version} and {written} acknowledged writes")),
                None => versions.wrong.push(format!("{key} was not read at the end")),
            }
        }
        versions
    }
}

/// The keys that an acknowledged operation wrote.
pub fn written<'a>(action: &'a Action, reply: &Reply) -> Vec<&'a str> {
    match (action, reply) {
        (Action::Put { key, .. }, Reply::Put { .. }) => vec![key],
        (Action::Txn { then, otherwise, .. }, Reply::Txn { succeeded, .. }) => {
            let branch = if *succeeded { then } else { otherwise };
            let puts = branch.iter().filter(|step| matches!(step, Step::Put { .. }));
            puts.map(Step::key).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use understudy_history::{Answer, Condition, Found};

    fn put(begin: u64) -> Operation {
        let action = Action::Put {
            key: "k".into(),
            value: begin.to_string(),
            condition: Condition::Always,
            want_previous: false,
        };
        let reply = Reply::Put { version: Some(begin), previous: None };
        let outcome = Outcome::Ok(Answer { revision: begin, reply });
        Operation { client: 1, id: begin, action, begin, end: begin + 1, outcome }
    }

    fn read(begin: u64, version: u64) -> Operation {
        let found = Some(Found { value: version.to_string(), revision: version, version });
        let outcome = Outcome::Ok(Answer { revision: version, reply: Reply::Get { found } });
        let action = Action::Get { key: "k".into() };
        Operation { client: 2, id: begin, action, begin, end: begin + 1, outcome }
    }

    #[test]
    fn only_the_last_read_counts_and_must_show_every_write() {
        let right = [put(1), read(2, 1), put(3), read(4, 2)];
        assert!(Versions::check(&right).wrong.is_empty());
        let lost = [put(1), put(2), read(4, 1)];
        assert_eq!(Versions::check(&lost).wrong, ["k has version 1 and 2 acknowledged writes"]);
        let doubled = [put(1), read(4, 2)];
        assert_eq!(Versions::check(&doubled).wrong.len(), 1);
        assert_eq!(Versions::check(&[put(1)]).wrong, ["k was not read at the end"]);
    }
}
