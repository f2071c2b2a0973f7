//! What `status --output json` prints: scripts rely on it.

use serde::Serialize;
use understudy_client::{ClusterStatus, ReplicaStatus};
use understudy_proto::admin::v1::{
    self as admin, Counters, Follower as Follows, LogPositions, Role, StatusResponse, Usage,
};

use crate::client::print;

/// All replicas.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// 32 hex digits; absent before the cluster's birth, and if nobody answered.
    pub cluster_id: Option<String>,
    /// The highest epoch that anyone told.
    pub epoch: u64,
    /// The highest revision of the store that anyone told.
    pub revision: i64,
    /// Name of the acting primary, if there is one.
    pub primary: Option<String>,
    /// By name.
    pub replicas: Vec<Replica>,
}

/// One replica. Of one that did not answer only `name`, `role`, `address` and `reason` are known;
/// its numbers are 0.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Replica {
    pub name: String,
    /// `primary`, `backup`, `spare`, `learner`, `candidate`, `opening`, `waiting`, `starting`,
    /// `halted`; `unreachable` for one that did not answer.
    pub role: String,
    pub epoch: u64,
    pub pid: u32,
    /// Where clients reach it.
    pub address: String,
    /// Where its operations port is; empty: none.
    pub metrics: String,
    /// 32 hex digits.
    pub incarnation: String,
    pub life: u64,
    /// Whether the register names it.
    pub named: bool,
    pub positions: Positions,
    /// Of a primary.
    pub followers: Vec<Follower>,
    /// Why it waits, has halted or did not answer; empty when all is well.
    pub reason: String,
    /// What would keep it from taking over now; empty: nothing is known.
    pub warning: String,
    pub program_version: String,
    /// 16 hex digits: the machine's digest as of `positions.applied`.
    pub digest: String,
    pub usage: Use,
    pub memory: Memory,
    pub counters: Counts,
}

/// Indexes of the log.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Positions {
    pub first: u64,
    pub last: u64,
    pub durable: u64,
    pub commit: u64,
    pub applied: u64,
    pub snapshot: u64,
}

/// A follower as its primary sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Follower {
    pub name: String,
    pub address: String,
    pub obliged: bool,
    pub connected: bool,
    pub durable: u64,
    /// Entries that it has yet to acknowledge.
    pub behind: u64,
}

/// What the store holds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Use {
    pub keys: u64,
    pub bytes: u64,
    pub sessions: u64,
    /// Bytes of memory that the store takes, about.
    pub memory_bytes: u64,
    /// Bytes that it may take: what the replica with the least memory has for it; 0: not known.
    pub max_memory_bytes: u64,
}

/// The memory of the process, bytes; 0: not known.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Memory {
    /// What it may take.
    pub limit: u64,
    /// Of these, for the store.
    pub store: u64,
    /// What it has in use.
    pub resident: u64,
}

/// Counts of this life of the process.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Counts {
    pub acknowledged: u64,
    pub acknowledged_solo: u64,
    pub reads: u64,
    pub rejected: u64,
    pub outcome_unknown: u64,
    /// Entries cut by failovers in async mode and set aside, in all lives.
    pub set_aside: u64,
}

impl Report {
    pub fn new(cluster: &ClusterStatus) -> Self {
        let told = || cluster.replicas.iter().filter_map(|replica| replica.status.as_ref().ok());
        let headers = || told().filter_map(|status| status.header.as_ref());
        let mut ids = headers().map(|header| &header.cluster_id);
        let cluster_id = ids.find(|id| id.iter().any(|byte| *byte != 0)).map(|id| print::hex(id));
        Self {
            cluster_id,
            epoch: told().map(|status| status.epoch).max().unwrap_or(0),
            revision: headers().map(|header| header.revision).max().unwrap_or(0),
            primary: cluster.primary().map(|primary| primary.name.clone()),
            replicas: cluster.replicas.iter().map(replica).collect(),
        }
    }

    /// Drops addresses that nobody has named and where nobody answers, if somebody does elsewhere.
    pub fn drop_guesses(&mut self) {
        if self.is_answered() {
            let is_guess = |r: &Replica| r.role == UNREACHABLE && r.name.is_empty();
            self.replicas.retain(|replica| !is_guess(replica));
        }
    }

    /// Whether any replica answered.
    pub fn is_answered(&self) -> bool {
        self.replicas.iter().any(|replica| replica.role != UNREACHABLE)
    }
}

const UNREACHABLE: &str = "unreachable";

fn replica(found: &ReplicaStatus) -> Replica {
    let status = match &found.status {
        Ok(status) => status,
        Err(reason) => {
            return Replica {
                name: found.name.clone(),
                role: UNREACHABLE.to_owned(),
                address: found.address.clone(),
                reason: reason.clone(),
                ..Replica::default()
            };
        }
    };
    let own = status.replica.clone().unwrap_or_default();
    let advertised = Some(own.client_address).filter(|address| !address.is_empty());
    let positions = status.positions.unwrap_or_default();
    Replica {
        name: own.name,
        role: role(status),
        epoch: status.epoch,
        pid: status.pid,
        address: advertised.unwrap_or_else(|| found.address.clone()),
        metrics: status.metrics_address.clone(),
        incarnation: print::hex(&own.incarnation),
        life: status.life,
        named: status.named,
        positions: positions.into(),
        followers: status.followers.iter().map(|one| follower(one, positions.last)).collect(),
        reason: status.reason.clone(),
        warning: status.warning.clone(),
        program_version: status.program_version.clone(),
        digest: format!("{:016x}", status.digest),
        usage: status.usage.unwrap_or_default().into(),
        memory: status.memory.unwrap_or_default().into(),
        counters: status.counters.unwrap_or_default().into(),
    }
}

fn role(status: &StatusResponse) -> String {
    match status.role() {
        Role::Unspecified => "unknown".to_owned(),
        role => role.as_str_name().trim_start_matches("ROLE_").to_lowercase(),
    }
}

fn follower(follower: &Follows, last: u64) -> Follower {
    let member = follower.member.clone().unwrap_or_default();
    Follower {
        name: member.name,
        address: member.client_address,
        obliged: follower.obliged,
        connected: follower.connected,
        durable: follower.durable,
        behind: last.saturating_sub(follower.durable),
    }
}

impl From<LogPositions> for Positions {
    fn from(positions: LogPositions) -> Self {
        let LogPositions { first, last, durable, commit, applied, snapshot } = positions;
        Self { first, last, durable, commit, applied, snapshot }
    }
}

impl From<Usage> for Use {
    fn from(usage: Usage) -> Self {
        let Usage { keys, bytes, sessions, memory_bytes, max_memory_bytes, .. } = usage;
        Self { keys, bytes, sessions, memory_bytes, max_memory_bytes }
    }
}

impl From<admin::Memory> for Memory {
    fn from(memory: admin::Memory) -> Self {
        let admin::Memory { limit, store, resident } = memory;
        Self { limit, store, resident }
    }
}

impl From<Counters> for Counts {
    fn from(counters: Counters) -> Self {
        Self {
            acknowledged: counters.acknowledged,
            acknowledged_solo: counters.acknowledged_solo,
            reads: counters.reads,
            rejected: counters.rejected,
            outcome_unknown: counters.outcome_unknown,
            set_aside: counters.set_aside,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(replicas: &[(&str, &str)]) -> Vec<String> {
        let replica = |(name, role): &(&str, &str)| Replica {
            name: (*name).to_owned(),
            role: (*role).to_owned(),
            ..Replica::default()
        };
        let replicas = replicas.iter().map(replica).collect();
        let mut report =
            Report { cluster_id: None, epoch: 0, revision: 0, primary: None, replicas };
        report.drop_guesses();
        report.replicas.into_iter().map(|replica| replica.name).collect()
    }

    #[test]
    fn addresses_where_nobody_need_be_are_shown_only_if_nobody_answers() {
        assert_eq!(kept(&[("", UNREACHABLE), ("a", "primary"), ("b", UNREACHABLE)]), ["a", "b"]);
        assert_eq!(kept(&[("", UNREACHABLE), ("", UNREACHABLE)]), ["", ""]);
        // A blank replica of no name yet has answered.
        assert_eq!(kept(&[("", "starting")]), [""]);
    }
}
