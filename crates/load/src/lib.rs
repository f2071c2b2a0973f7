//! Clients whose every request is recorded, for the checkers of `understudy-history`.
//!
//! They draw their requests from a [`Mix`] and are unpaced; the driver of a [`Worker`] may pace
//! it. They know only the client library, or another [`KvClient`].

mod kv_client;
mod mix;
pub mod pauses;
mod perform;
mod recorder;
mod shape;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use tokio::task::JoinSet;
use understudy_client::{Client, Endpoints, Options};
use understudy_history::Operation;

pub use kv_client::{Answered, KvClient, refused};
pub use mix::Mix;
pub use recorder::Recorder;
pub use shape::Shape;
pub use worker::{Worker, keys};

/// Running clients.
pub struct Load {
    shape: Shape,
    clock: Instant,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    workers: JoinSet<Vec<Operation>>,
    endpoints: Endpoints,
    options: Options,
}

impl Load {
    /// Starts the clients. All moments of the history count from `clock`.
    pub fn start(endpoints: &Endpoints, options: &Options, shape: &Shape, clock: Instant) -> Self {
        let mut load = Load {
            shape: shape.clone(),
            clock,
            stop: Arc::default(),
            answered: Arc::default(),
            workers: JoinSet::new(),
            endpoints: endpoints.clone(),
            options: options.clone(),
        };
        for number in 0..shape.clients {
            let recorder = load.recorder(number);
            let random = fastrand::Rng::with_seed(number);
            let mut worker = Worker::new(recorder, shape.clone(), random, load.answered.clone());
            let stop = load.stop.clone();
            load.workers.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    worker.one().await;
                }
                worker.take()
            });
        }
        load
    }

    /// How many requests were answered so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Stops the clients, reads every key a last time, and gives the whole history.
    pub async fn finish(mut self) -> Vec<Operation> {
        self.stop.store(true, Ordering::Relaxed);
        let mut history = Vec::new();
        while let Some(ended) = self.workers.join_next().await {
            // A worker that panicked has recorded nothing that can be trusted: let it show.
            history.extend(
                ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())),
            );
        }
        let mut last = self.recorder(self.shape.clients);
        for key in keys("", &self.shape) {
            last.get(key).await;
        }
        history.extend(last.take());
        history
    }

    fn recorder(&self, number: u64) -> Recorder {
        let client = Client::new(&self.endpoints, self.options.clone());
        Recorder::new(client, number, self.clock)
    }
}
