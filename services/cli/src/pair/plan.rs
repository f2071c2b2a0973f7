//! What a pair on this machine is made of.

use std::path::{Path, PathBuf};

use super::ports::{Ports, ReplicaPorts};

/// Names of the two replicas.
pub const NAMES: [&str; 2] = ["a", "b"];

/// Where everything of a pair lies: names, addresses, directories.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Directory of the register.
    pub register: PathBuf,
    /// `host:port` that follows the primary.
    pub following: String,
    /// The replicas.
    pub replicas: [ReplicaPlan; 2],
}

/// One replica of a [`Plan`].
#[derive(Clone, Debug)]
pub struct ReplicaPlan {
    /// Its name.
    pub name: &'static str,
    /// Its data directory.
    pub data: PathBuf,
    /// Where clients reach it, `host:port`.
    pub clients: String,
    /// Where the other one reaches it, `host:port`.
    pub peers: String,
    /// Where operators reach it, `host:port`.
    pub ops: String,
    /// Arguments of its process.
    pub arguments: Vec<String>,
}

impl Plan {
    /// Lays out a pair in `dir`. `extra` goes to `understudy serve` as it is.
    pub fn new(dir: &Path, ports: Ports, extra: &[String]) -> Self {
        let register = dir.join("register");
        let peers: Vec<String> = NAMES
            .iter()
            .zip(ports.replicas)
            .map(|(name, ports)| format!("{name}={}", local(ports.peers)))
            .collect();
        let replica = |n: usize| {
            let mut replica = ReplicaPlan::new(dir, NAMES[n], ports.replicas[n]);
            replica.arguments = replica.arguments(&register, &peers.join(","), extra);
            replica
        };
        let replicas = [replica(0), replica(1)];
        Plan { register, following: local(ports.following), replicas }
    }

    /// Both client addresses.
    pub fn endpoints(&self) -> Vec<String> {
        self.replicas.iter().map(|replica| replica.clients.clone()).collect()
    }
}

impl ReplicaPlan {
    fn new(dir: &Path, name: &'static str, ports: ReplicaPorts) -> Self {
        ReplicaPlan {
            name,
            data: dir.join(name),
            clients: local(ports.clients),
            peers: local(ports.peers),
            ops: local(ports.ops),
            arguments: Vec::new(),
        }
    }

    fn arguments(&self, register: &Path, peers: &str, extra: &[String]) -> Vec<String> {
        let mut arguments: Vec<String> = ["serve", "--until-stdin-closes"].map(Into::into).into();
        for (flag, value) in [
            ("--name", self.name.to_owned()),
            ("--data", self.data.display().to_string()),
            ("--register", format!("dir:{}", register.display())),
            ("--peers", peers.to_owned()),
            ("--listen-clients", self.clients.clone()),
            ("--listen-peers", self.peers.clone()),
            ("--listen-ops", self.ops.clone()),
        ] {
            arguments.extend([flag.to_owned(), value]);
        }
        arguments.extend_from_slice(extra);
        arguments
    }
}

fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
