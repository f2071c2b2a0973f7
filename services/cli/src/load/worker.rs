//! One unpaced client: mostly writes of unique values, some reads, compare-and-sets and transactions.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use understudy_history::{
    Action, Answer, Compare, Condition, Operation, Outcome, Relation, Reply, Step, Target,
};

use super::{Recorder, Shape};

/// Of 100 requests, so many are plain Puts; the rest is read, compared and set, or a transaction.
const PUTS: u32 = 75;
const GETS: u32 = 85;
const COMPARE_AND_SETS: u32 = 95;

/// One client at work.
pub struct Worker {
    recorder: Recorder,
    shape: Shape,
    answered: Arc<AtomicU64>,
    random: fastrand::Rng,
    name: u64,
    /// The revision of each key when it was last seen here.
    seen: HashMap<String, u64>,
}

/// All keys of a load.
pub fn keys(shape: &Shape) -> impl Iterator<Item = String> + use<> {
    (0..shape.keys).map(key)
}

fn key(number: u64) -> String {
    format!("key-{number:03}")
}

impl Worker {
    pub fn new(recorder: Recorder, shape: Shape, answered: Arc<AtomicU64>) -> Self {
        let name = recorder.number();
        let random = fastrand::Rng::with_seed(name);
        Worker { recorder, shape, answered, random, name, seen: HashMap::new() }
    }

    /// Makes one request.
    pub async fn one(&mut self) {
        let number = self.random.u64(0..self.shape.keys);
        let key = key(number);
        let action = match self.random.u32(0..100) {
            0..PUTS => self.put(key.clone(), Condition::Always),
            PUTS..GETS => Action::Get { key: key.clone() },
            GETS..COMPARE_AND_SETS => {
                let condition = match self.seen.get(&key) {
                    Some(revision) => Condition::Revision(*revision),
                    None => Condition::Absent,
                };
                self.put(key.clone(), condition)
            }
            _ => self.txn(number),
        };
        let outcome = self.recorder.act(action).await;
        if let Outcome::Ok(answer) = outcome {
            self.answered.fetch_add(1, Ordering::Relaxed);
            note(&mut self.seen, key, answer);
        }
    }

    /// Everything it did.
    pub fn history(self) -> Vec<Operation> {
        self.recorder.history()
    }

    fn put(&self, key: String, condition: Condition) -> Action {
        Action::Put { key, value: self.value(0), condition, want_previous: false }
    }

    /// On a key and its neighbour: if the first is as it was seen, writes both, else reads both.
    fn txn(&self, number: u64) -> Action {
        let (one, other) = (key(number), key(number ^ 1));
        let revision = self.seen.get(&one).copied().unwrap_or(0);
        Action::Txn {
            compares: vec![Compare {
                key: one.clone(),
                target: Target::Revision(revision),
                relation: Relation::Equal,
            }],
            then: vec![
                Step::Put { key: one.clone(), value: self.value(0) },
                Step::Put { key: other.clone(), value: self.value(1) },
            ],
            otherwise: vec![Step::Get { key: one }, Step::Get { key: other }],
        }
    }

    /// Unique in the history; `nth` within the request.
    fn value(&self, nth: u8) -> String {
        let unique = format!("{}-{}-{nth}", self.name, self.recorder.count());
        format!("{unique:.<width$}", width = self.shape.value_bytes)
    }
}

/// Remembers how new the key was seen.
fn note(seen: &mut HashMap<String, u64>, key: String, answer: &Answer) {
    let revision = match &answer.reply {
        Reply::Put { .. } | Reply::Txn { succeeded: true, .. } => answer.revision,
        Reply::Get { found: Some(found) } => found.revision,
        Reply::Txn { succeeded: false, replies } => match replies.first() {
            Some(Reply::Get { found: Some(found) }) => found.revision,
            _ => return,
        },
        _ => return,
    };
    seen.insert(key, revision);
}
