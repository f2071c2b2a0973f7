//! Clients whose keys change with every round, so that a long history stays easy to judge.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use understudy_client::{Client, Endpoints, Options};
use understudy_history::Operation;

use super::pinned::PinnedReader;
use understudy_load::{Recorder, Shape, Worker, keys};

/// One client in this many gives up early, so that there are outcomes that nobody knows.
const IMPATIENT: u64 = 4;
/// When it does.
pub const EARLY: Duration = Duration::from_millis(800);

/// What all clients share.
#[derive(Clone)]
pub struct LoadConfig {
    /// Where replicas are.
    pub endpoints: Endpoints,
    /// How much.
    pub shape: Shape,
    /// Requests per second, of all together.
    pub rate: u32,
    /// Draws their requests.
    pub seed: u64,
    /// What all keys begin with.
    pub prefix: String,
    /// Moments count from it.
    pub clock: Instant,
    /// Where the history goes.
    pub journal: mpsc::Sender<Operation>,
}

/// Running clients.
pub struct Clients {
    load: LoadConfig,
    stop: Arc<AtomicBool>,
    round: watch::Sender<u64>,
    /// The round that each client is in.
    at: Vec<watch::Receiver<u64>>,
    workers: JoinSet<()>,
    readers: JoinSet<()>,
    pinned: JoinSet<()>,
}

impl Clients {
    /// Starts them, in round 0.
    pub fn start(load: LoadConfig) -> Self {
        let mut clients = Clients {
            stop: Arc::default(),
            round: watch::channel(0).0,
            at: Vec::new(),
            workers: JoinSet::new(),
            readers: JoinSet::new(),
            pinned: JoinSet::new(),
            load,
        };
        for (number, address) in clients.load.addresses().into_iter().enumerate() {
            let reader = PinnedReader::new(&clients.load, number as u64, &address);
            clients.pinned.spawn(reader.read(clients.round.subscribe()));
        }
        for number in 0..clients.load.shape.clients {
            clients.spawn(number);
        }
        clients
    }

    fn spawn(&mut self, number: u64) {
        let deadline = match number % IMPATIENT {
            3 => EARLY,
            _ => Options::default().deadline,
        };
        let load = self.load.clone();
        let recorder = load.recorder(number, deadline);
        let random = fastrand::Rng::with_seed(load.seed.wrapping_add(number));
        let answered = Arc::<AtomicU64>::default();
        let mut worker = Worker::new(recorder, load.shape.clone(), random, answered);
        worker.turn(load.round_prefix(0));
        let (stop, mut round) = (self.stop.clone(), self.round.subscribe());
        let (arrived, at) = watch::channel(0);
        self.at.push(at);
        self.workers.spawn(async move {
            let mut beat = tokio::time::interval(load.interval());
            beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while !stop.load(Ordering::Relaxed) {
                beat.tick().await;
                if round.has_changed().unwrap_or(false) {
                    let round = *round.borrow_and_update();
                    worker.turn(load.round_prefix(round));
                    arrived.send_replace(round);
                }
                worker.one().await;
                load.record(worker.take()).await;
            }
        });
    }

    /// Lets all go on with other keys. Once they do, the former ones are read a last time.
    pub fn turn(&mut self) {
        let former = *self.round.borrow();
        let next = former + 1;
        self.round.send_replace(next);
        let (at, load) = (self.at.clone(), self.load.clone());
        self.readers.spawn(async move {
            for mut at in at {
                // A client that is gone writes nothing any more.
                let _ = at.wait_for(|round| *round >= next).await;
            }
            load.read_back(load.shape.clients + 1 + former, [former]).await;
        });
    }

    /// Stops all, and reads every key of every round if somebody can answer; then removes them if
    /// they are not to stay.
    pub async fn finish(mut self, whole: bool, stay: bool) {
        self.stop.store(true, Ordering::Relaxed);
        // Whoever waits for clients to turn must not wait for those that stop.
        self.at.clear();
        while let Some(ended) = self.workers.join_next().await {
            // What a client that panicked recorded cannot be trusted: let it show.
            ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        }
        self.pinned.shutdown().await;
        if !whole {
            return;
        }
        while self.readers.join_next().await.is_some() {}
        let last = *self.round.borrow();
        self.load.read_back(self.load.shape.clients, 0..=last).await;
        if !stay {
            self.load.remove(0..=last).await;
        }
    }
}

impl LoadConfig {
    /// A client that records what it does.
    pub fn recorder(&self, number: u64, deadline: Duration) -> Recorder {
        let options = Options::default().deadline(deadline);
        Recorder::new(Client::new(&self.endpoints, options), number, self.clock)
    }

    /// Hands operations to the journal.
    pub async fn record(&self, operations: Vec<Operation>) {
        for operation in operations {
            // The journal ends after the clients, or has failed, which shows when it is closed.
            let _ = self.journal.send(operation).await;
        }
    }

    async fn read_back(&self, number: u64, rounds: impl IntoIterator<Item = u64>) {
        let mut recorder = self.recorder(number, Options::default().deadline);
        for round in rounds {
            for key in keys(&self.round_prefix(round), &self.shape) {
                recorder.get(key).await;
                self.record(recorder.take()).await;
            }
        }
    }

    /// Not in the history, which has ended.
    async fn remove(&self, rounds: impl IntoIterator<Item = u64>) {
        let client = Client::new(&self.endpoints, Options::default());
        for round in rounds {
            for key in keys(&self.round_prefix(round), &self.shape) {
                // A key that stays does no harm.
                let _ = client.delete(key).await;
            }
        }
        client.close().await;
    }

    /// The addresses of the replicas.
    fn addresses(&self) -> Vec<String> {
        let client = Client::new(&self.endpoints, Options::default());
        client.addresses().iter().map(|address| address.to_string()).collect()
    }

    /// What the keys of a round begin with.
    pub fn round_prefix(&self, round: u64) -> String {
        format!("{}{round:04}/", self.prefix)
    }

    fn interval(&self) -> Duration {
        Duration::from_secs_f64(self.shape.clients as f64 / f64::from(self.rate))
    }
}
