//! What runs in a pod: clients of both ways, their history, and what is seen from there.

mod book;
mod plain;
pub mod timeline;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use understudy_client::{Client, Endpoints, Options};
use understudy_history::{Action, Outcome};
use understudy_load::{KvClient, Mix, Recorder, Shape, Worker, keys};

use crate::clock;
use crate::way::SERVICE;
use book::Book;
use plain::Plain;
use timeline::{Moment, seen};

/// The files of a load, in its directory.
pub const HISTORY: &str = "history.jsonl";
/// One [`Moment`] per line.
pub const TIMELINE: &str = "timeline.jsonl";
/// Making this file stops the load.
pub const STOP: &str = "stop";
/// It is there when the history is complete.
pub const DONE: &str = "done";

/// Time between two moments.
const BEAT: Duration = Duration::from_millis(100);
/// How long a replica may take to say how it is.
const ANSWER: Duration = Duration::from_millis(300);
const VALUE_BYTES: usize = 64;

/// Puts load on a pair until a file `stop` appears in the directory, then reads every key a last
/// time, and makes a file `done`.
#[derive(Debug, Args)]
pub struct Load {
    /// The replicas, host:port, separated by commas: for the clients of the library.
    #[arg(long, value_name = "A,B")]
    replicas: Endpoints,
    /// The Service that follows the primary, host:port: for the clients that know nothing else.
    #[arg(long, value_name = "HOST:PORT")]
    service: String,
    /// Where history and timeline go.
    #[arg(long)]
    dir: PathBuf,
    /// What all keys begin with.
    #[arg(long)]
    prefix: String,
    /// How many clients of the library.
    #[arg(long, default_value_t = 8)]
    library_clients: u64,
    /// How many clients of the Service.
    #[arg(long, default_value_t = 4)]
    service_clients: u64,
    /// Requests per second at most, of all clients together.
    #[arg(long, default_value_t = 400)]
    rate: u32,
    /// How many keys; an even number.
    #[arg(long, default_value_t = 32)]
    keys: u64,
}

/// What all clients share.
#[derive(Clone)]
struct Shared {
    shape: Shape,
    prefix: String,
    interval: Duration,
    clock: Instant,
    stop: Arc<AtomicBool>,
    book: Book,
}

impl Load {
    /// Runs it to its end.
    ///
    /// # Errors
    /// When something cannot be written, or the Service's address is invalid.
    pub async fn run(self) -> Result<()> {
        let clients = self.library_clients + self.service_clients;
        let shared = Shared {
            shape: Shape { mix: Mix::PLAIN, clients, keys: self.keys, value_bytes: VALUE_BYTES },
            prefix: self.prefix.clone(),
            interval: Duration::from_secs_f64(clients as f64 / f64::from(self.rate)),
            clock: clock::origin(),
            stop: Arc::default(),
            book: Book::begin(&self.dir.join(HISTORY))?,
        };
        let mut workers = JoinSet::new();
        for number in 0..self.library_clients {
            workers.spawn(shared.clone().work(self.client(), number));
        }
        for number in 0..self.service_clients {
            let plain = Plain::new(&self.service).context("the Service's address")?;
            workers.spawn(shared.clone().work(plain, SERVICE + number));
        }
        self.watch(&shared).await?;
        shared.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = workers.join_next().await {
            ended??;
        }
        let mut last = Recorder::new(self.client(), self.library_clients, shared.clock);
        for key in keys(&shared.prefix, &shared.shape) {
            let Outcome::Ok(_) = last.act(Action::Get { key }).await else {
                // Nobody serves: the others would only take as long.
                break;
            };
        }
        shared.book.write(&last.take())?;
        shared.book.flush()?;
        fs::write(self.dir.join(DONE), "")?;
        Ok(())
    }

    fn client(&self) -> Client {
        Client::new(&self.replicas, Options::default())
    }

    /// Writes the timeline until the load is to stop.
    async fn watch(&self, shared: &Shared) -> Result<()> {
        let mut file = File::create(self.dir.join(TIMELINE))?;
        let client = self.client();
        let stop = self.dir.join(STOP);
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stop.exists() {
            beat.tick().await;
            let cluster = client.cluster_status(ANSWER).await;
            let (library, service) = shared.book.flush()?;
            let moment = Moment { at: clock::now(), library, service, replicas: seen(&cluster) };
            let mut line = serde_json::to_vec(&moment)?;
            line.push(b'\n');
            // In one piece, for concurrent readers.
            file.write_all(&line)?;
        }
        Ok(())
    }
}

impl Shared {
    /// One client at work, called `number` in the history.
    async fn work<A: KvClient>(self, client: A, number: u64) -> Result<()> {
        let recorder = Recorder::new(client, number, self.clock);
        let random = fastrand::Rng::new();
        let answered = Arc::<AtomicU64>::default();
        let mut worker = Worker::new(recorder, self.shape.clone(), random, answered);
        worker.turn(self.prefix.clone());
        let mut beat = tokio::time::interval(self.interval);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.stop.load(Ordering::Relaxed) {
            beat.tick().await;
            worker.one().await;
            self.book.write(&worker.take())?;
        }
        Ok(())
    }
}
