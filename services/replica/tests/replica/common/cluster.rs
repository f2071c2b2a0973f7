//! A cluster on loopback addresses and in a directory of its own.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tonic::transport::Channel;
use understudy_arbiter::DirectoryRegister;
use understudy_proto::admin::v1::{Role, StatusRequest, StatusResponse};
use understudy_proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_replica::{Options, ServeArgs};

use super::connect::{admin, key_values, until};
use super::running::Running;

/// The replicas' names.
const NAMES: [&str; 3] = ["a", "b", "c"];
/// Ports on each replica's own loopback address.
const CLIENTS: u16 = 7440;
const PEERS: u16 = 7441;
const OPS: u16 = 7442;

/// Up to three replicas.
pub struct Cluster {
    pub dir: TempDir,
    hosts: Vec<String>,
    pub args: Vec<ServeArgs>,
    pub replicas: Vec<Option<Running>>,
}

impl Cluster {
    /// A cluster of `size` replicas, none of them started, with a blank register.
    pub fn new(size: usize) -> Self {
        let cluster = Cluster::without_register(size);
        DirectoryRegister::create(cluster.register()).unwrap();
        cluster
    }

    /// The same without a register.
    pub fn without_register(size: usize) -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let dir = TempDir::new().unwrap();
        let pid = std::process::id();
        let host = |_| {
            let [_, _, high, low] = pid.to_be_bytes();
            let nth = NEXT.fetch_add(1, Ordering::Relaxed);
            format!("127.{}.{low}.{nth}", 1 + high % 254)
        };
        let hosts: Vec<String> = (0..size).map(host).collect();
        let peers = NAMES.iter().zip(&hosts).map(|(name, host)| format!("{name}={host}:{PEERS}"));
        let peers = peers.collect::<Vec<_>>().join(",");
        let args = |(name, host): (&&str, &String)| ServeArgs {
            name: Some(name.to_string()),
            data: Some(dir.path().join(name).display().to_string()),
            register: Some(format!("dir:{}", dir.path().join("register").display())),
            peers: Some(peers.clone()),
            listen_clients: Some(format!("{host}:{CLIENTS}")),
            listen_peers: Some(format!("{host}:{PEERS}")),
            listen_ops: Some(format!("{host}:{OPS}")),
            ..ServeArgs::default()
        };
        let args = NAMES.iter().zip(&hosts).map(args).collect();
        let replicas = (0..size).map(|_| None).collect();
        Cluster { dir, hosts, args, replicas }
    }

    /// A cluster that is born: one acts, the others are its backups or spares.
    pub async fn born(size: usize) -> Self {
        let mut cluster = Cluster::new(size);
        cluster.start_all();
        cluster.paired().await;
        cluster
    }

    pub fn start_all(&mut self) {
        (0..self.replicas.len()).for_each(|replica| self.start(replica));
    }

    pub fn start(&mut self, replica: usize) {
        let options = Options::load(self.args[replica].clone()).unwrap();
        self.replicas[replica] = Some(Running::start(options));
    }

    /// Kills a replica: nothing of it runs any more when this returns.
    pub fn kill(&mut self, replica: usize) {
        self.replicas[replica] = None;
    }

    pub fn register(&self) -> PathBuf {
        self.dir.path().join("register")
    }

    pub fn data(&self, replica: usize) -> PathBuf {
        self.dir.path().join(NAMES[replica])
    }

    pub fn clients(&self, replica: usize) -> String {
        format!("{}:{CLIENTS}", self.hosts[replica])
    }

    pub fn peers(&self, replica: usize) -> String {
        format!("{}:{PEERS}", self.hosts[replica])
    }

    pub fn ops(&self, replica: usize) -> String {
        format!("{}:{OPS}", self.hosts[replica])
    }

    /// How a replica is; `None` while it does not answer.
    pub async fn status(&self, replica: usize) -> Option<StatusResponse> {
        let mut client = admin(&self.clients(replica)).await.ok()?;
        Some(client.status(StatusRequest {}).await.ok()?.into_inner())
    }

    pub async fn role(&self, replica: usize) -> Option<Role> {
        self.status(replica).await.map(|status| status.role())
    }

    /// Waits for a role.
    pub async fn until_role(&self, replica: usize, role: Role) {
        until(&format!("{} is {role:?}", NAMES[replica]), async || {
            self.role(replica).await == Some(role)
        })
        .await;
    }

    /// Waits for an acting primary, and gives it.
    pub async fn primary(&self) -> usize {
        let mut primary = None;
        until("one replica is primary", async || {
            for replica in 0..self.replicas.len() {
                if self.role(replica).await == Some(Role::Primary) {
                    primary = Some(replica);
                }
            }
            primary.is_some()
        })
        .await;
        primary.unwrap()
    }

    /// Waits until a primary acts, has a backup that is named, and gives the primary.
    pub async fn paired(&self) -> usize {
        let mut primary = 0;
        until("a pair", async || {
            primary = self.primary().await;
            let Some(status) = self.status(primary).await else { return false };
            status.members.len() > 1 && status.followers.iter().any(|f| f.obliged && f.connected)
        })
        .await;
        primary
    }

    /// A client of the replica that acts.
    pub async fn client(&self) -> KeyValueServiceClient<Channel> {
        let primary = self.primary().await;
        key_values(&self.clients(primary)).await.unwrap()
    }

    /// Waits for a replica's lives to have ended so often.
    pub async fn until_ended(&self, replica: usize, times: usize) {
        until("a life has ended", async || {
            let running = self.replicas[replica].as_ref().unwrap();
            running.ended.lock().unwrap().len() >= times
        })
        .await;
    }
}

/// How long anything may take on a loaded machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

impl Cluster {
    /// Asks a replica to leave and waits until it has.
    pub fn leave(&mut self, replica: usize) {
        let running = self.replicas[replica].take().unwrap();
        running.leave.try_send(()).unwrap();
        running.join();
    }

    /// An HTTP GET at the operations port: status line and body.
    pub async fn http(&self, replica: usize, path: &str) -> (String, String) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(self.ops(replica)).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: ops\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_string(), body.to_string())
    }
}
