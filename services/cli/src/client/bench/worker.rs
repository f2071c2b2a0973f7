//! One client that sends one request after the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use understudy_client::{Client, Error, Reply};
use understudy_proto::kv::v1::{GetResponse, PutResponse};

use super::tally::Tally;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Load {
    /// How many of 100 requests read.
    pub gets: u32,
    pub keys: u64,
    pub value: Bytes,
}

/// One client that asks and asks.
pub struct Worker {
    client: Client,
    load: Load,
    tally: Arc<Tally>,
    random: fastrand::Rng,
}

impl Worker {
    pub fn new(number: u32, client: &Client, load: Load, tally: &Arc<Tally>) -> Self {
        let random = fastrand::Rng::with_seed(number.into());
        Self { client: client.clone(), load, tally: tally.clone(), random }
    }

    /// Asks until the time is up. Ends with the first refusal: it would be the same again.
    pub async fn run(mut self, until: Instant) -> Result<(), Error> {
        while Instant::now() < until {
            let began = Instant::now();
            let (is_put, key) = self.draw();
            let answer = match is_put {
                true => self.client.put(key, self.load.value.clone()).await.map(|_| ()),
                false => self.client.get(key).await.map(|_| ()),
            };
            self.count(answer, is_put, began)?;
        }
        Ok(())
    }

    /// The same with this many operations under way at once.
    pub async fn pipeline(mut self, until: Instant, operations: usize) -> Result<(), Error> {
        let mut pipeline = self.client.pipeline();
        let mut under_way = VecDeque::new();
        loop {
            while under_way.len() < operations && Instant::now() < until {
                let began = Instant::now();
                let (is_put, key) = self.draw();
                let reply = match is_put {
                    true => Asked::Put(pipeline.put(key, self.load.value.clone()).await),
                    false => Asked::Get(pipeline.get(key).await),
                };
                under_way.push_back((reply, began));
            }
            match under_way.pop_front() {
                Some((Asked::Put(reply), began)) => {
                    self.count(reply.await.map(|_| ()), true, began)?;
                }
                Some((Asked::Get(reply), began)) => {
                    self.count(reply.await.map(|_| ()), false, began)?;
                }
                None => return Ok(()),
            }
        }
    }

    /// Whether to put, and which key.
    fn draw(&mut self) -> (bool, String) {
        let is_put = self.random.u32(0..100) >= self.load.gets;
        (is_put, key(self.random.u64(0..self.load.keys)))
    }

    fn count(&self, answer: Result<(), Error>, is_put: bool, began: Instant) -> Result<(), Error> {
        let mut counts = self.tally.lock();
        match answer {
            Ok(()) => counts.answered(is_put, began),
            Err(Error::OutcomeUnknown { .. }) => counts.unknown += 1,
            Err(Error::Unavailable { .. }) => counts.failed += 1,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// What is without an answer.
enum Asked {
    Put(Reply<PutResponse>),
    Get(Reply<GetResponse>),
}

/// One of the keys that are asked for.
pub fn key(number: u64) -> String {
    format!("bench/{number:010}")
}
