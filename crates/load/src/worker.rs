//! One client: writes of unique values, reads, compare-and-sets, deletes and transactions; and reads of what
//! was.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use understudy_client::Client;
use understudy_history::{
    Action, Answer, Compare, Condition, Operation, Outcome, Relation, Reply, Step, Target,
};

use crate::{KvClient, Mix, Recorder, Shape};

/// One client at work.
pub struct Worker<A = Client> {
    recorder: Recorder<A>,
    shape: Shape,
    answered: Arc<AtomicU64>,
    random: fastrand::Rng,
    name: u64,
    /// What its keys begin with.
    prefix: String,
    /// The revision of each key when it was last seen here.
    seen: HashMap<String, u64>,
    /// Revisions of the store that answers have told, recent ones more than old ones.
    told: Vec<u64>,
}

/// How many of them are remembered. Each new one replaces any, so that some are far older than that.
const TOLD: usize = 256;

/// All keys of a load that begin with `prefix`.
pub fn keys(prefix: &str, shape: &Shape) -> impl Iterator<Item = String> + use<> {
    let prefix = prefix.to_owned();
    (0..shape.keys).map(move |number| key(&prefix, number))
}

fn key(prefix: &str, number: u64) -> String {
    format!("{prefix}key-{number:03}")
}

impl<A: KvClient> Worker<A> {
    /// A client that draws its requests from `random`.
    pub fn new(
        recorder: Recorder<A>,
        shape: Shape,
        random: fastrand::Rng,
        answered: Arc<AtomicU64>,
    ) -> Self {
        let name = recorder.number();
        let (prefix, seen, told) = (String::new(), HashMap::new(), Vec::new());
        Worker { recorder, shape, answered, random, name, prefix, seen, told }
    }

    /// Goes on with keys that begin with `prefix`.
    pub fn turn(&mut self, prefix: String) {
        self.prefix = prefix;
        self.seen.clear();
    }

    /// Makes one request.
    pub async fn one(&mut self) {
        let number = self.random.u64(0..self.shape.keys);
        let key = key(&self.prefix, number);
        let action = self.draw(number, &key);
        let now = !matches!(action, Action::GetAt { .. });
        let outcome = self.recorder.act(action).await;
        if let Outcome::Ok(answer) = outcome {
            self.answered.fetch_add(1, Ordering::Relaxed);
            if now {
                remember(&mut self.told, answer.revision, &mut self.random);
                note(&mut self.seen, key, answer);
            }
        }
    }

    /// Everything it did since the last call.
    pub fn take(&mut self) -> Vec<Operation> {
        self.recorder.take()
    }

    fn draw(&mut self, number: u64, key: &str) -> Action {
        let Mix { puts, gets, old_gets, compare_and_sets, deletes } = self.shape.mix;
        let key = key.to_owned();
        let mut drawn = self.random.u32(0..100);
        let mut is = |share: u32| {
            let hit = drawn < share;
            drawn = drawn.wrapping_sub(share);
            hit
        };
        if is(puts) {
            self.put(key, Condition::Always)
        } else if is(gets) {
            Action::Get { key }
        } else if is(old_gets) {
            match self.random.choice(&self.told) {
                Some(&revision) => Action::GetAt { key, revision },
                None => Action::Get { key },
            }
        } else if is(compare_and_sets) {
            let condition = match self.seen.get(&key) {
                Some(revision) => Condition::Revision(*revision),
                None => Condition::Absent,
            };
            self.put(key, condition)
        } else if is(deletes) {
            let condition = match self.seen.get(&key) {
                Some(revision) if self.random.bool() => Condition::Revision(*revision),
                _ => Condition::Always,
            };
            Action::Delete { key, condition }
        } else {
            self.txn(number)
        }
    }

    fn put(&self, key: String, condition: Condition) -> Action {
        Action::Put { key, value: self.value(0), condition, want_previous: false }
    }

    /// On a key and its neighbour: if the first is as it was seen, writes both, else reads both.
    fn txn(&self, number: u64) -> Action {
        let (one, other) = (key(&self.prefix, number), key(&self.prefix, number ^ 1));
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

/// Remembers a revision of the store; as of 0 there was nothing yet.
fn remember(told: &mut Vec<u64>, revision: u64, random: &mut fastrand::Rng) {
    match revision {
        0 => {}
        _ if told.len() < TOLD => told.push(revision),
        _ => told[random.usize(0..TOLD)] = revision,
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
        Reply::Delete { .. } => {
            seen.remove(&key);
            return;
        }
        _ => return,
    };
    seen.insert(key, revision);
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use understudy_client::proto::kv::v1::{
        DeleteRequest, DeleteResponse, GetRequest, GetResponse, PutRequest, PutResponse,
        ResponseHeader, TxnRequest, TxnResponse,
    };

    use super::*;

    /// A store that does whatever is asked, each time at a new revision, and has no keys.
    struct Agreeable(i64);

    impl Agreeable {
        fn header(&mut self) -> Option<ResponseHeader> {
            self.0 += 1;
            Some(ResponseHeader { revision: self.0, ..ResponseHeader::default() })
        }
    }

    impl KvClient for Agreeable {
        async fn get(&mut self, _: GetRequest) -> Result<GetResponse, Outcome> {
            Ok(GetResponse { header: self.header(), kv: None })
        }

        async fn put(&mut self, _: PutRequest) -> Result<PutResponse, Outcome> {
            let header = self.header();
            Ok(PutResponse { header, succeeded: true, ..PutResponse::default() })
        }

        async fn delete(&mut self, _: DeleteRequest) -> Result<DeleteResponse, Outcome> {
            let header = self.header();
            Ok(DeleteResponse { header, succeeded: true, ..DeleteResponse::default() })
        }

        async fn txn(&mut self, _: TxnRequest) -> Result<TxnResponse, Outcome> {
            Ok(TxnResponse { header: self.header(), ..TxnResponse::default() })
        }
    }

    #[tokio::test]
    async fn old_revisions_that_are_read_were_told_before() {
        let shape = Shape { mix: Mix::VARIED, clients: 1, keys: 4, value_bytes: 16 };
        let recorder = Recorder::new(Agreeable(0), 0, Instant::now());
        let random = fastrand::Rng::with_seed(1);
        let mut worker = Worker::new(recorder, shape, random, Arc::default());
        for _ in 0..10_000 {
            worker.one().await;
        }
        let (mut told, mut ages) = (Vec::new(), Vec::new());
        for operation in worker.take() {
            let Some(answer) = operation.answer() else { continue };
            match operation.action {
                Action::GetAt { revision, .. } => {
                    assert!(told.contains(&revision), "{revision}");
                    ages.push(answer.revision - revision);
                }
                _ => told.push(answer.revision),
            }
        }
        assert!((200..400).contains(&ages.len()), "{} of 10,000", ages.len());
        let old = ages.iter().filter(|age| **age > TOLD as u64).count();
        assert!((50..150).contains(&old), "{old} of {} are older", ages.len());
    }
}
