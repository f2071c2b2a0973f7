//! `understudy bench`.

mod progress;
mod summary;
mod tally;
mod watching;
mod worker;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::task::JoinSet;
use understudy_client::{Client, Options};

use self::summary::Summary;
use self::tally::Tally;
use self::watching::Watching;
use self::worker::{Load, Worker};
use super::connection::Connection;
use super::{duration, print};
use crate::failure::Failure;

/// How many requests may be under way on a connection: a session takes 1,024 at once.
const REQUESTS_PER_CONNECTION: usize = 1_024;

/// Measures rates and latencies. Writes keys that begin with `bench/`, and leaves them there.
#[derive(Debug, Args)]
#[command(after_help = "Each client sends its next request when the last one is answered; with
--pipeline, when fewer than that many are without an answer. The longest pause
is the longest time in which no client got an answer: kill the primary during a
run to see a failover.

Example: understudy bench --clients 64 --gets 50 --duration 30s")]
pub struct Bench {
    /// How many clients ask at the same time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    clients: u32,
    /// How many connections (and sessions) they share; at least one for each 1,024 requests under way.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
    /// How many operations each client has under way at once, as one stream (Execute).
    #[arg(long, value_name = "OPERATIONS", value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pipeline: Option<u32>,
    /// How long to run.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    duration: Duration,
    /// How many of 100 requests read; the others write.
    #[arg(long, value_name = "PERCENT", default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=100))]
    gets: u32,
    /// Bytes of each value.
    #[arg(long, value_name = "BYTES", default_value_t = 256,
        value_parser = clap::value_parser!(u32).range(0..=1_048_576))]
    value_size: u32,
    /// How many keys there are.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    keys: u64,
    /// How many watches are open meanwhile, all of one key: with `--keys 1` each is told of every write.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    watches: u32,
    #[command(flatten)]
    connection: Connection,
}

impl Bench {
    pub async fn run(self) -> Result<(), Failure> {
        let clients = self.ready().await?;
        let watching = Watching::begin(self.watches, &clients).await?;
        let began = Instant::now();
        let tally = Arc::new(Tally::new(began));
        let until = began + self.duration;
        let mut workers = JoinSet::new();
        for number in 0..self.clients {
            let client = &clients[number as usize % clients.len()];
            let worker = Worker::new(number, client, self.load(), &tally);
            match self.pipeline {
                None => workers.spawn(worker.run(until)),
                Some(operations) => workers.spawn(worker.pipeline(until, operations as usize)),
            };
        }
        progress::show(&tally, began, until, || workers.is_empty()).await;
        while let Some(ended) = workers.join_next().await {
            if let Ok(Err(error)) = ended {
                return Err(error.into());
            }
        }
        let took = began.elapsed().min(self.duration);
        let summary = Summary::new(&tally, took, watching.seen());
        for client in &clients {
            client.close().await;
        }
        self.show(&summary);
        print::written()
    }

    fn load(&self) -> Load {
        let value = vec![b'x'; self.value_size as usize].into();
        Load { gets: self.gets, keys: self.keys, value }
    }

    /// A client for each connection, connected and with a session: what is measured is the rest.
    async fn ready(&self) -> Result<Vec<Client>, Failure> {
        let requests = self.clients as usize * self.pipeline.unwrap_or(1) as usize;
        let least = requests.div_ceil(REQUESTS_PER_CONNECTION);
        let count = (self.connections as usize).max(least).min(self.clients as usize);
        let mut clients = Vec::new();
        for number in 0..count {
            let client = self.connection.client_with(Options::default());
            client.put(format!("bench/ready/{number}"), "").await?;
            clients.push(client);
        }
        Ok(clients)
    }

    fn show(&self, summary: &Summary) {
        if self.connection.json() { print::json(summary) } else { print::line(summary.text()) }
    }
}
