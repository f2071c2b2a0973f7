//! The Execute streams of a scripted replica.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Status, Streaming};
use understudy_client::proto::kv::v1::execute_operation::Operation;
use understudy_client::proto::kv::v1::execute_result::Result as Outcome;
use understudy_client::proto::kv::v1::*;

use crate::model::Model;

pub type Results = UnboundedReceiverStream<Result<ExecuteResponse, Status>>;

/// What becomes of one stream: this many operations are answered, then some more are executed only,
/// and then it ends so, or falls silent.
pub struct Course {
    pub answered: usize,
    pub executed: usize,
    pub then: Option<Status>,
}

/// What a scripted replica does with its streams.
#[derive(Default)]
pub struct Streams {
    /// Of the streams to come; after them, everything is answered.
    courses: Mutex<VecDeque<Course>>,
    /// What arrived, by stream.
    arrived: Arc<Mutex<Vec<Vec<String>>>>,
    /// The refusals to come, by key.
    refusals: Arc<Mutex<HashMap<String, VecDeque<ExecuteFailure>>>>,
}

impl Streams {
    pub fn script(&self, courses: impl IntoIterator<Item = Course>) {
        self.courses.lock().unwrap().extend(courses);
    }

    pub fn refuse(&self, key: &str, refusal: ExecuteFailure) {
        self.refusals.lock().unwrap().entry(key.to_owned()).or_default().push_back(refusal);
    }

    /// What arrived on each stream, such as `put a`.
    pub fn arrived(&self) -> Vec<Vec<String>> {
        self.arrived.lock().unwrap().clone()
    }

    pub fn begin(
        &self,
        model: Model,
        header: ResponseHeader,
        operations: Streaming<ExecuteRequest>,
    ) -> Results {
        let (sender, results) = mpsc::unbounded_channel();
        let all = Course { answered: usize::MAX, executed: 0, then: None };
        let course = self.courses.lock().unwrap().pop_front().unwrap_or(all);
        let number = {
            let mut arrived = self.arrived.lock().unwrap();
            arrived.push(Vec::new());
            arrived.len() - 1
        };
        let (arrived, refusals) = (self.arrived.clone(), self.refusals.clone());
        let one = One { model, header, course, number, arrived, refusals, results: sender };
        tokio::spawn(one.run(operations));
        UnboundedReceiverStream::new(results)
    }
}

struct One {
    model: Model,
    header: ResponseHeader,
    course: Course,
    number: usize,
    arrived: Arc<Mutex<Vec<Vec<String>>>>,
    refusals: Arc<Mutex<HashMap<String, VecDeque<ExecuteFailure>>>>,
    results: mpsc::UnboundedSender<Result<ExecuteResponse, Status>>,
}

impl One {
    async fn run(mut self, mut operations: Streaming<ExecuteRequest>) {
        while let Ok(Some(message)) = operations.message().await {
            let mut results = Vec::new();
            for operation in message.operations {
                let (shown, key) = shown(&operation);
                self.arrived.lock().unwrap()[self.number].push(shown);
                if self.course.answered > 0 {
                    self.course.answered -= 1;
                    results.push(self.result(operation, &key));
                } else if self.course.executed > 0 {
                    self.course.executed -= 1;
                    self.execute(operation);
                }
            }
            if !results.is_empty() {
                let header = Some(self.header.clone());
                let _ = self.results.send(Ok(ExecuteResponse { header, results }));
            }
            if (self.course.answered, self.course.executed) == (0, 0)
                && let Some(end) = self.course.then.take()
            {
                let _ = self.results.send(Err(end));
                return;
            }
        }
    }

    fn result(&self, operation: ExecuteOperation, key: &str) -> ExecuteResult {
        let refusal = self.refusals.lock().unwrap().get_mut(key).and_then(VecDeque::pop_front);
        let (revision, outcome) = match refusal {
            Some(refusal) => (0, Outcome::Failure(refusal)),
            None => self.execute(operation),
        };
        ExecuteResult { revision, result: Some(outcome) }
    }

    fn execute(&self, operation: ExecuteOperation) -> (i64, Outcome) {
        match operation.operation.unwrap() {
            Operation::Put(put) => {
                self.model.arrived(&put);
                let revision = self.model.execute(&put);
                (revision, Outcome::Put(PutResponse { succeeded: true, ..Default::default() }))
            }
            Operation::Get(get) => {
                let executed = self.model.executed();
                let key = String::from_utf8(get.key.to_vec()).unwrap();
                let version = executed.iter().filter(|other| **other == key).count() as i64;
                let kv = Some(KeyValue { version, ..KeyValue::default() });
                (executed.len() as i64, Outcome::Get(GetResponse { header: None, kv }))
            }
            other => panic!("not scripted: {other:?}"),
        }
    }
}

fn shown(operation: &ExecuteOperation) -> (String, String) {
    let (kind, key) = match operation.operation.as_ref().unwrap() {
        Operation::Put(put) => ("put", &put.key),
        Operation::Get(get) => ("get", &get.key),
        other => panic!("not scripted: {other:?}"),
    };
    let key = String::from_utf8(key.to_vec()).unwrap();
    (format!("{kind} {key}"), key)
}
