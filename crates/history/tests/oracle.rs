//! The checkers against brute force: every order of every subset of the unknown operations of
//! tiny histories, on a store written from scratch.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use understudy_history::*;

/// The specification: `(value, revision, version)` by key, the store's revision, and all keys as they
/// stood after each earlier one.
#[derive(Clone, Default)]
struct Spec {
    revision: u64,
    keys: BTreeMap<String, (String, u64, u64)>,
    past: Vec<BTreeMap<String, (String, u64, u64)>>,
}

impl Spec {
    fn found(&self, key: &str) -> Option<Found> {
        let (value, revision, version) = self.keys.get(key)?.clone();
        Some(Found { value, revision, version })
    }

    fn put(&mut self, key: &str, value: &str) -> Reply {
        let version = self.keys.get(key).map_or(1, |cell| cell.2 + 1);
        self.keys.insert(key.into(), (value.into(), self.revision + 1, version));
        Reply::Put { version: Some(version), previous: None }
    }

    fn found_at(&self, key: &str, revision: u64) -> Option<Found> {
        let keys = self.past.get(revision as usize).unwrap_or(&self.keys);
        Spec { keys: keys.clone(), ..Spec::default() }.found(key)
    }

    fn execute(&mut self, action: &Action) -> Answer {
        let before = self.keys.clone();
        let reply = match action {
            Action::Put { key, condition, .. } | Action::Delete { key, condition }
                if match condition {
                    Condition::Always => false,
                    Condition::Absent => self.keys.contains_key(key),
                    Condition::Revision(r) => self.keys.get(key).is_none_or(|cell| cell.1 != *r),
                } =>
            {
                Reply::Refused
            }
            Action::Put { key, value, .. } => self.put(key, value),
            Action::Get { key } => Reply::Get { found: self.found(key) },
            Action::GetAt { revision, .. } if *revision > self.revision => Reply::Refused,
            Action::GetAt { key, revision } => Reply::Get { found: self.found_at(key, *revision) },
            Action::Delete { key, .. } => {
                Reply::Delete { deleted: self.keys.remove(key).is_some() }
            }
            Action::Txn { compares, then, otherwise } => {
                let succeeded = compares.iter().all(|compare| {
                    let Target::Version(version) = compare.target else { unreachable!() };
                    self.keys.get(&compare.key).map_or(0, |cell| cell.2) == version
                });
                let replies = if succeeded { then } else { otherwise }
                    .iter()
                    .map(|step| match step {
                        Step::Put { key, value } => self.put(key, value),
                        Step::Get { key } => Reply::Get { found: self.found(key) },
                        Step::Delete { key } => {
                            Reply::Delete { deleted: self.keys.remove(key).is_some() }
                        }
                    })
                    .collect();
                Reply::Txn { succeeded, replies }
            }
        };
        if reply.changed() {
            self.revision += 1;
            self.past.push(before);
        }
        Answer { revision: self.revision, reply }
    }
}

/// Whether some order explains everything.
fn brute_force(history: &[Operation], spec: &Spec, done: &mut Vec<usize>) -> bool {
    let open = |i: &usize| !done.contains(i) && history[*i].outcome != Outcome::Failed;
    let left: Vec<usize> = (0..history.len()).filter(open).collect();
    let answered: Vec<usize> =
        left.iter().copied().filter(|&i| history[i].answer().is_some()).collect();
    if answered.is_empty() {
        return true;
    }
    let first_end = answered.iter().map(|&i| history[i].end).min().unwrap();
    for i in left.into_iter().filter(|&i| history[i].begin <= first_end) {
        let mut next = spec.clone();
        let answer = next.execute(&history[i].action);
        if history[i].answer().is_some_and(|recorded| *recorded != answer) {
            continue;
        }
        done.push(i);
        let explained = brute_force(history, &next, done);
        done.pop();
        if explained {
            return true;
        }
    }
    false
}

/// One operation to be: what, when, when executed, how it ends, and how its record is falsified.
#[derive(Clone, Debug)]
struct Draft {
    what: u8,
    key: u8,
    other: u8,
    begin: u64,
    length: u64,
    point: u64,
    fate: u8,
    lie: u8,
}

fn draft() -> impl Strategy<Value = Draft> {
    (0u8..11, 0u8..2, 0u8..2, 0u64..20, 0u64..8, 0u64..30, 0u8..8, 0u8..24).prop_map(
        |(what, key, other, begin, length, point, fate, lie)| Draft {
            what,
            key,
            other,
            begin,
            length,
            point,
            fate,
            lie,
        },
    )
}

impl Draft {
    fn action(&self, i: usize) -> Action {
        let key = format!("k{}", self.key);
        let value = format!("v{i}");
        let condition = match self.what {
            3 => Condition::Absent,
            4 => Condition::Revision(u64::from(self.other) + 1),
            _ => Condition::Always,
        };
        match self.what {
            0..=4 => Action::Put { key, value, condition, want_previous: false },
            5 | 6 => Action::Get { key },
            7 => Action::Delete { key, condition },
            8 | 9 => {
                Action::GetAt { key, revision: u64::from(self.other) + u64::from(self.what) - 7 }
            }
            _ => Action::Txn {
                compares: vec![Compare {
                    key: key.clone(),
                    target: Target::Version(u64::from(self.other)),
                    relation: Relation::Equal,
                }],
                then: vec![
                    Step::Put { key: key.clone(), value },
                    Step::Delete { key: format!("k{}", 1 - self.key) },
                ],
                otherwise: vec![Step::Get { key }],
            },
        }
    }

    /// The moment of execution, `None` for never.
    fn point(&self) -> Option<u64> {
        match self.fate {
            0 | 1 => (self.point < 25).then_some(self.begin + self.point),
            2 => None,
            _ => Some(self.begin + self.point.min(self.length)),
        }
    }

    fn record(&self, client: usize, answer: Option<Answer>) -> Operation {
        let outcome = match (self.fate, answer) {
            (0 | 1, _) => Outcome::Unknown,
            (2, _) | (_, None) => Outcome::Failed,
            (_, Some(answer)) => self.falsify(answer),
        };
        let end = self.begin + self.length;
        let (client, action) = (client as u64, self.action(client));
        Operation { client, id: 0, action, begin: self.begin, end, outcome }
    }

    fn falsify(&self, mut answer: Answer) -> Outcome {
        match (self.lie, &mut answer.reply) {
            (0, _) => answer.revision += 1,
            (1, _) => answer.revision = answer.revision.saturating_sub(1),
            (2, Reply::Put { version, .. }) => *version = version.map(|version| version + 1),
            (2, Reply::Get { found }) => *found = None,
            (2, Reply::Delete { deleted }) => *deleted = !*deleted,
            (3, Reply::Get { found: Some(found) }) => found.value = "v0".into(),
            (4, Reply::Get { found: Some(found) }) => found.revision += 1,
            (5, Reply::Txn { succeeded, .. }) => *succeeded = !*succeeded,
            (6, _) => return Outcome::Failed,
            _ => {}
        }
        Outcome::Ok(answer)
    }
}

fn history(drafts: &[Draft]) -> Vec<Operation> {
    let mut order: Vec<(u64, usize)> =
        drafts.iter().enumerate().filter_map(|(i, d)| Some((d.point()?, i))).collect();
    order.sort_unstable();
    let mut spec = Spec::default();
    let mut answers = vec![None; drafts.len()];
    for (_, i) in order {
        answers[i] = Some(spec.execute(&drafts[i].action(i)));
    }
    drafts.iter().zip(answers).enumerate().map(|(i, (d, answer))| d.record(i, answer)).collect()
}

/// Whether some operation may have been executed without a trace: there the checkers are allowed
/// to accept what brute force refuses (see `replay`).
fn has_hidden(history: &[Operation]) -> bool {
    let recorded = format!("{:?}", history.iter().map(Operation::answer).collect::<Vec<_>>());
    history.iter().any(|operation| {
        let seen = |(_, value): (&str, &str)| recorded.contains(&format!("{value:?}"));
        operation.outcome == Outcome::Unknown
            && operation.action.mutates()
            && !operation.action.puts().into_iter().any(seen)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_brute_force_explains_passes_and_what_it_does_not_fails(
        drafts in prop::collection::vec(draft(), 1..8),
    ) {
        let history = history(&drafts);
        let verdict = check(&history);
        let explained = brute_force(&history, &Spec::default(), &mut Vec::new());
        if explained {
            prop_assert_eq!(verdict.violations, vec![]);
        } else if !has_hidden(&history) {
            prop_assert!(!verdict.is_ok(), "accepted without an explanation");
        }
    }
}
