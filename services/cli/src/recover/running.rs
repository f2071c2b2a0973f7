//! Who still runs of the cluster, asked where the register says that they are reached.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use understudy_client::{Client, Endpoints, Options, ReplicaStatus};
use understudy_proto::admin::v1::StatusResponse;
use understudy_protocol::{ClusterId, Incarnation, Member};

/// How long each address is asked. Whoever is silent for longer may run all the same: consent covers it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A replica that runs.
pub struct Running {
    name: String,
    address: String,
    role: String,
    last: u64,
    incarnation: Vec<u8>,
    named: bool,
}

impl Running {
    /// Asks the members' addresses, `others`, and those that whoever answers names, all at once.
    pub async fn find(cluster: ClusterId, members: &[Member], others: &[Arc<str>]) -> Vec<Running> {
        let addresses = members.iter().map(|member| member.client_address.as_str());
        let addresses = addresses.chain(others.iter().map(|address| &**address));
        // An address that nobody can dial is as silent as one without an answer.
        let dialable: Vec<&str> =
            addresses.filter(|address| address.parse::<Endpoints>().is_ok()).collect();
        let Ok(endpoints) = dialable.join(",").parse() else { return Vec::new() };
        let found = Client::new(&endpoints, Options::default()).cluster_status(PATIENCE).await;
        found
            .replicas
            .into_iter()
            .filter_map(|replica| running(replica, cluster, members))
            .collect()
    }

    /// Whether it is the acting primary.
    pub fn acts(&self) -> bool {
        self.role == "primary"
    }

    /// Whether it could lose what it has acknowledged, or write on: it acts, or the register names it.
    pub fn counts(&self) -> bool {
        self.acts() || self.named
    }

    /// Whether it is this copy of the log.
    pub fn is(&self, incarnation: Incarnation) -> bool {
        self.incarnation == incarnation.0.to_be_bytes()
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Running { name, address, role, last, .. } = self;
        write!(f, "{name} answers as {role} at {address}, with a log up to entry {last}")
    }
}

fn running(replica: ReplicaStatus, cluster: ClusterId, members: &[Member]) -> Option<Running> {
    let status = replica.status.ok()?;
    if status.header.as_ref()?.cluster_id != cluster.0.to_be_bytes()[..] {
        return None;
    }
    let incarnation = status.replica.as_ref()?.incarnation.to_vec();
    let named = members.iter().any(|m| incarnation == m.incarnation.0.to_be_bytes());
    Some(Running {
        name: replica.name,
        address: replica.address,
        role: role(&status),
        last: status.positions.map_or(0, |positions| positions.last),
        incarnation,
        named,
    })
}

fn role(status: &StatusResponse) -> String {
    status.role().as_str_name().trim_start_matches("ROLE_").to_lowercase()
}
