//! One client that records what it does and what it is told.

use std::time::Instant;

use understudy_client::Client;
use understudy_history::{Action, Found, Operation, Outcome, Reply};

use crate::KvClient;
use crate::perform::perform;

/// One client and its history.
pub struct Recorder<A = Client> {
    client: A,
    number: u64,
    clock: Instant,
    count: u64,
    history: Vec<Operation>,
}

impl<A: KvClient> Recorder<A> {
    /// A client that calls itself `number`. Moments count from `clock`.
    pub fn new(client: A, number: u64, clock: Instant) -> Self {
        Recorder { client, number, clock, count: 0, history: Vec::new() }
    }

    /// Does it, and records it.
    pub async fn act(&mut self, action: Action) -> &Outcome {
        let begin = self.now();
        let outcome = perform(&mut self.client, &action).await;
        let end = self.now();
        let (client, id) = (self.number, self.count);
        self.count += 1;
        let at = self.history.len();
        self.history.push(Operation { client, id, action, begin, end, outcome });
        // It has just been pushed.
        &self.history[at].outcome
    }

    /// Reads a key. `None` if there is none, or if it could not be read.
    pub async fn get(&mut self, key: String) -> Option<&Found> {
        match self.act(Action::Get { key }).await {
            Outcome::Ok(answer) => match &answer.reply {
                Reply::Get { found } => found.as_ref(),
                _ => None,
            },
            _ => None,
        }
    }

    /// What it calls itself.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many requests it has made.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Everything it did since the last call, in order.
    pub fn take(&mut self) -> Vec<Operation> {
        std::mem::take(&mut self.history)
    }

    fn now(&self) -> u64 {
        self.clock.elapsed().as_nanos() as u64
    }
}
