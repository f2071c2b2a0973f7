//! A cluster of real processes.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::sync::SemaphorePermit;
use understudy_arbiter::DirectoryRegister;
use understudy_client::proto::admin::v1::{Role, StatusResponse};
use understudy_client::{Client, Endpoints, Options};
use understudy_load::{Load, Mix, Recorder, Shape};

use super::replica::Replica;
use super::{turn, wait};

/// How long a replica may take to say how it is.
const ANSWER: Duration = Duration::from_secs(1);

/// Replicas with one register.
pub struct Cluster {
    pub replicas: Vec<Replica>,
    pub register: PathBuf,
    /// The register's URI, if it is not that directory.
    pub lease: Option<String>,
    /// More arguments for every replica.
    pub extra: Vec<String>,
    asking: Client,
    clock: Instant,
    // Dropped last.
    pub dir: TempDir,
    _turn: Option<SemaphorePermit<'static>>,
}

impl Cluster {
    /// A cluster of this many replicas, none of which runs.
    pub async fn new(count: usize) -> Self {
        Cluster::with(count, Some(turn().await))
    }

    /// A second cluster of a test, which has its turn already.
    pub fn another(count: usize) -> Self {
        Cluster::with(count, None)
    }

    fn with(count: usize, turn: Option<SemaphorePermit<'static>>) -> Self {
        let dir = TempDir::with_prefix("understudy-test-").unwrap();
        let register = dir.path().join("register");
        DirectoryRegister::create(&register).unwrap();
        let names = ["a", "b", "c", "d"];
        let replicas: Vec<Replica> =
            names[..count].iter().map(|name| Replica::new(dir.path(), name)).collect();
        let addresses: Vec<&str> = replicas.iter().map(|r| r.clients.as_str()).collect();
        let asking = Client::connect(&addresses.join(",")).unwrap().with_deadline(ANSWER);
        let clock = Instant::now();
        let (lease, extra) = (None, Vec::new());
        Cluster { replicas, register, lease, extra, asking, clock, dir, _turn: turn }
    }

    /// A pair that is complete; gives the primary's number and the backup's, too.
    pub async fn pair() -> (Self, usize, usize) {
        let mut cluster = Cluster::new(2).await;
        cluster.start_all();
        let primary = cluster.complete().await;
        (cluster, primary, 1 - primary)
    }

    pub fn start(&mut self, number: usize) {
        let peers: Vec<_> =
            self.replicas.iter().map(|r| format!("{}={}", r.name, r.peers)).collect();
        let directory = || format!("dir:{}", self.register.display());
        let register = self.lease.clone().unwrap_or_else(directory);
        self.replicas[number].start(&register, &peers.join(","), &self.extra);
    }

    pub fn start_all(&mut self) {
        (0..self.replicas.len()).for_each(|number| self.start(number));
    }

    pub fn kill(&mut self, number: usize) {
        self.replicas[number].kill();
    }

    pub fn signal(&self, number: usize, signal: Signal) {
        self.replicas[number].signal(signal);
    }

    /// The processes, all of which must run.
    pub fn pids(&self) -> Vec<u32> {
        self.replicas.iter().map(Replica::pid).collect()
    }

    /// Where clients look for the cluster.
    pub fn endpoints(&self) -> Endpoints {
        let addresses: Vec<&str> = self.replicas.iter().map(|r| r.clients.as_str()).collect();
        addresses.join(",").parse().unwrap()
    }

    /// A client of the whole cluster.
    pub fn client(&self) -> Client {
        Client::new(&self.endpoints(), Options::default())
    }

    /// A client that records what it does.
    pub fn recorder(&self, number: u64) -> Recorder {
        Recorder::new(self.client(), number, self.clock)
    }

    /// Puts load on the cluster.
    pub fn load(&self, clients: u64) -> Load {
        let shape = Shape { mix: Mix::WRITES, clients, keys: 32, value_bytes: 64 };
        Load::start(&self.endpoints(), &Options::default(), &shape, self.clock)
    }

    /// How a replica says that it is; `None` if it does not answer.
    pub async fn status(&self, number: usize) -> Option<StatusResponse> {
        self.asking.status(&self.replicas[number].clients).await.ok()
    }

    /// Waits until a replica's status satisfies `condition`.
    pub async fn until(
        &self,
        number: usize,
        what: &str,
        condition: impl Fn(&StatusResponse) -> bool,
    ) -> StatusResponse {
        let what = format!("{}: {what}", self.replicas[number].name);
        wait::until(&what, || async { self.status(number).await.filter(&condition) }).await
    }

    /// Waits until some replica acts and has a backup; gives the primary's number.
    pub async fn complete(&self) -> usize {
        self.acting("a primary has a backup", |status| {
            status.members.len() == 2 && status.followers.iter().any(|f| f.obliged && f.connected)
        })
        .await
    }

    async fn acting(&self, what: &str, condition: impl Fn(&StatusResponse) -> bool) -> usize {
        wait::until(what, || async {
            for number in 0..self.replicas.len() {
                if let Some(status) = self.status(number).await
                    && status.role() == Role::Primary
                    && condition(&status)
                {
                    return Some(number);
                }
            }
            None
        })
        .await
    }
}

/// Waits until this many more requests of the load have been answered.
pub async fn progress(load: &Load, requests: u64) {
    let target = load.answered() + requests;
    wait::until("the load goes on", || async { (load.answered() >= target).then_some(()) }).await;
}
