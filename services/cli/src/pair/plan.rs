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
    /// Where its peer reaches it, `host:port`.
    pub peers: String,
    /// Where operators reach it, `host:port`.
    pub ops: String,
    /// The program that runs it, with what comes before the arguments; empty: this one.
    pub program: Vec<String>,
    /// Arguments of its process.
    pub arguments: Vec<String>,
    /// What its environment has more.
    pub environment: Vec<(String, String)>,
}

/// Three addresses of one replica, `host:port` each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// For clients.
    pub clients: String,
    /// For peers.
    pub peers: String,
    /// For operators.
    pub ops: String,
}

impl Place {
    /// On this machine.
    pub fn local(ports: ReplicaPorts) -> Self {
        Place { clients: local(ports.clients), peers: local(ports.peers), ops: local(ports.ops) }
    }
}

impl Plan {
    /// Lays out a pair in `dir`. `extra` goes to `understudy serve` as it is.
    pub fn new(dir: &Path, ports: Ports, extra: &[String]) -> Self {
        let places = ports.replicas.map(Place::local);
        Plan::at(dir, &local(ports.following), &places, &places, extra)
    }

    /// The same where the replicas listen at `places` and are told of each other, and tell clients,
    /// that they are at `found`: something lies between.
    pub fn at(
        dir: &Path,
        following: &str,
        places: &[Place; 2],
        found: &[Place; 2],
        extra: &[String],
    ) -> Self {
        let register = dir.join("register");
        let peers: Vec<String> = NAMES
            .iter()
            .zip(found)
            .map(|(name, found)| format!("{name}={}", found.peers))
            .collect();
        let peers = peers.join(",");
        let replica = |n: usize| ReplicaPlan {
            name: NAMES[n],
            data: dir.join(NAMES[n]),
            clients: places[n].clients.clone(),
            peers: places[n].peers.clone(),
            ops: places[n].ops.clone(),
            program: Vec::new(),
            arguments: arguments(dir, n, &places[n], &found[n], &peers, extra),
            environment: Vec::new(),
        };
        Plan { replicas: [replica(0), replica(1)], register, following: following.to_owned() }
    }

    /// Both client addresses.
    pub fn endpoints(&self) -> Vec<String> {
        self.replicas.iter().map(|replica| replica.clients.clone()).collect()
    }
}

fn arguments(
    dir: &Path,
    number: usize,
    place: &Place,
    found: &Place,
    peers: &str,
    extra: &[String],
) -> Vec<String> {
    let mut arguments: Vec<String> = ["serve", "--until-stdin-closes"].map(Into::into).into();
    let mut add = |flag: &str, value: &str| {
        arguments.extend([flag.to_owned(), value.to_owned()]);
    };
    add("--name", NAMES[number]);
    add("--data", &dir.join(NAMES[number]).display().to_string());
    add("--register", &format!("dir:{}", dir.join("register").display()));
    add("--peers", peers);
    add("--listen-clients", &place.clients);
    add("--listen-peers", &place.peers);
    add("--listen-ops", &place.ops);
    if found.clients != place.clients {
        add("--advertise-clients", &found.clients);
    }
    arguments.extend_from_slice(extra);
    arguments
}

fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
