//! How all replicas are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use understudy_proto::admin::v1::{Member, StatusRequest, StatusResponse};

use crate::endpoints;
use crate::shared::Shared;

/// How all replicas are that could be heard of: those at the endpoints and those they name.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// By name, then by address.
    pub replicas: Vec<SurveyedReplica>,
}

/// One replica, as it says, or as others name it.
#[derive(Clone, Debug)]
pub struct SurveyedReplica {
    /// Where it was asked, `host:port`.
    pub address: String,
    /// Its configured name as far as known.
    pub name: String,
    /// What it said, or why it could not be asked.
    pub status: Result<Box<StatusResponse>, String>,
}

impl Survey {
    /// The acting primary with the highest epoch.
    pub fn primary(&self) -> Option<&SurveyedReplica> {
        use understudy_proto::admin::v1::Role;
        let acting = |replica: &&SurveyedReplica| {
            replica.status.as_ref().is_ok_and(|status| status.role() == Role::Primary)
        };
        self.replicas.iter().filter(acting).max_by_key(|replica| replica.epoch())
    }
}

impl SurveyedReplica {
    fn epoch(&self) -> u64 {
        self.status.as_ref().map_or(0, |status| status.epoch)
    }

    /// Which copy of the log it is; empty if unknown, or before its cluster's birth.
    fn incarnation(&self) -> &[u8] {
        let replica = self.status.as_ref().ok().and_then(|status| status.replica.as_ref());
        let id = replica.map(|member| member.incarnation.as_ref()).unwrap_or_default();
        if id.iter().all(|byte| *byte == 0) { &[] } else { id }
    }

    /// Whether it was asked at the address that it advertises itself.
    fn is_direct(&self) -> bool {
        let replica = self.status.as_ref().ok().and_then(|status| status.replica.as_ref());
        replica.is_some_and(|member| member.client_address == self.address)
    }
}

/// Asks everyone at `start`, then everyone those name, each for at most `limit`.
pub(crate) async fn survey(shared: &Arc<Shared>, start: Vec<Arc<str>>, limit: Duration) -> Survey {
    let mut names: BTreeMap<Arc<str>, String> = BTreeMap::new();
    let mut asked: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut heard = Vec::new();
    let mut next = start;
    while !next.is_empty() {
        asked.extend(next.iter().cloned());
        heard.extend(ask_all(shared, next, limit).await);
        for replica in &heard {
            if let Ok(status) = &replica.status {
                note_members(status, &mut names);
            }
        }
        next = names.keys().filter(|address| !asked.contains(*address)).cloned().collect();
    }
    Survey { replicas: tidy(heard, &names) }
}

async fn ask_all(
    shared: &Arc<Shared>,
    addresses: Vec<Arc<str>>,
    limit: Duration,
) -> Vec<SurveyedReplica> {
    let mut asking = JoinSet::new();
    for address in addresses {
        let shared = shared.clone();
        asking.spawn(async move {
            let until = Instant::now() + limit;
            let status = shared.ask(&StatusRequest {}, &address, until).await;
            SurveyedReplica {
                address: address.to_string(),
                name: String::new(),
                status: status.map(Box::new).map_err(|failure| failure.to_string()),
            }
        });
    }
    asking.join_all().await
}

/// Notes where the replicas are that `status` names.
fn note_members(status: &StatusResponse, names: &mut BTreeMap<Arc<str>, String>) {
    let followers = status.followers.iter().filter_map(|follower| follower.member.as_ref());
    let all = status.replica.iter().chain(&status.primary).chain(&status.members);
    for Member { name, client_address, .. } in all.chain(followers) {
        if let Ok(address) = endpoints::parse(client_address) {
            names.insert(address, name.clone());
        }
    }
}

/// Names everyone, and leaves out what is only a second way to the same replica.
fn tidy(
    mut heard: Vec<SurveyedReplica>,
    names: &BTreeMap<Arc<str>, String>,
) -> Vec<SurveyedReplica> {
    for replica in &mut heard {
        let own = replica.status.as_ref().ok().and_then(|status| status.replica.as_ref());
        let named = own.map(|member| &member.name).or_else(|| names.get(&*replica.address));
        replica.name = named.cloned().unwrap_or_default();
    }
    heard.sort_by_key(|replica| !replica.is_direct());
    let mut seen: BTreeSet<Vec<u8>> = BTreeSet::new();
    heard.retain(|replica| {
        let incarnation = replica.incarnation();
        incarnation.is_empty() || seen.insert(incarnation.to_vec())
    });
    heard.sort_by(|a, b| (&a.name, &a.address).cmp(&(&b.name, &b.address)));
    heard
}
