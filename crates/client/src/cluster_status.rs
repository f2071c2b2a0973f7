//! The status of all replicas.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use understudy_proto::admin::v1::{Member, StatusRequest, StatusResponse};

use crate::endpoints;
use crate::transport::Transport;

/// The status of all replicas that could be heard of: those at the endpoints and those they name.
#[derive(Clone, Debug, Default)]
pub struct ClusterStatus {
    /// By name, then by address.
    pub replicas: Vec<ReplicaStatus>,
}

/// One replica, as it says, or as others name it.
#[derive(Clone, Debug)]
pub struct ReplicaStatus {
    /// Where it was asked, `host:port`.
    pub address: String,
    /// Its configured name as far as known.
    pub name: String,
    /// What it said, or why it could not be asked.
    pub status: Result<Box<StatusResponse>, String>,
}

impl ClusterStatus {
    /// The acting primary with the highest epoch.
    pub fn primary(&self) -> Option<&ReplicaStatus> {
        use understudy_proto::admin::v1::Role;
        let acting = |replica: &&ReplicaStatus| {
            replica.status.as_ref().is_ok_and(|status| status.role() == Role::Primary)
        };
        self.replicas.iter().filter(acting).max_by_key(|replica| replica.epoch())
    }
}

impl ReplicaStatus {
    fn epoch(&self) -> u64 {
        self.status.as_ref().map_or(0, |status| status.epoch)
    }

    /// Which copy of the log it is; empty if unknown, or before its cluster's birth.
    fn incarnation(&self) -> &[u8] {
        let replica = self.status.as_ref().ok().and_then(|status| status.replica.as_ref());
        let id = replica.map(|member| member.incarnation.as_ref()).unwrap_or_default();
        if id.iter().all(|byte| *byte == 0) { &[] } else { id }
    }

    /// What it is told apart by from another one that has answered, and has its name perhaps.
    fn identity(&self) -> Vec<u8> {
        match (self.incarnation(), &self.status) {
            ([], Ok(status)) => {
                format!("{}/{}/{}", self.name, status.pid, status.started_ns).into_bytes()
            }
            (incarnation, _) => incarnation.to_vec(),
        }
    }

    /// Whether it was asked at the address that it advertises itself.
    fn is_direct(&self) -> bool {
        let replica = self.status.as_ref().ok().and_then(|status| status.replica.as_ref());
        replica.is_some_and(|member| member.client_address == self.address)
    }
}

/// Asks everyone at `start`, then everyone those name, each for at most `limit`.
pub(crate) async fn cluster_status(
    transport: &Arc<Transport>,
    start: Vec<Arc<str>>,
    limit: Duration,
) -> ClusterStatus {
    let mut names: BTreeMap<Arc<str>, String> = BTreeMap::new();
    let mut asked: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut heard = Vec::new();
    let mut next = start;
    while !next.is_empty() {
        asked.extend(next.iter().cloned());
        heard.extend(ask_all(transport, next, limit).await);
        for replica in &heard {
            if let Ok(status) = &replica.status {
                note_members(status, &mut names);
            }
        }
        next = names.keys().filter(|address| !asked.contains(*address)).cloned().collect();
    }
    ClusterStatus { replicas: tidy(heard, &names) }
}

async fn ask_all(
    transport: &Arc<Transport>,
    addresses: Vec<Arc<str>>,
    limit: Duration,
) -> Vec<ReplicaStatus> {
    let mut asking = JoinSet::new();
    for address in addresses {
        let transport = transport.clone();
        asking.spawn(async move {
            let until = Instant::now() + limit;
            let status = transport.request_from(&address, &StatusRequest {}, until).await;
            ReplicaStatus {
                address: address.to_string(),
                name: String::new(),
                status: status.map(Box::new).map_err(|failure| failure.to_string()),
            }
        });
    }
    asking.join_all().await
}

/// The name of a replica that nobody else names: a pod's is the first label of its host's name.
fn first_label(address: &str) -> Option<String> {
    let (host, _) = address.rsplit_once(':')?;
    let (label, _) = host.split_once('.')?;
    let is_address = host.parse::<IpAddr>().is_ok();
    (!is_address && !label.is_empty()).then(|| label.to_owned())
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

/// Names everyone, and leaves out what is only a second way to the same replica: another address of one
/// that has answered, and all addresses but the first of one that has not.
fn tidy(mut heard: Vec<ReplicaStatus>, names: &BTreeMap<Arc<str>, String>) -> Vec<ReplicaStatus> {
    for replica in &mut heard {
        let own = replica.status.as_ref().ok().and_then(|status| status.replica.as_ref());
        let named = own.map(|member| &member.name).or_else(|| names.get(&*replica.address));
        let named = named.cloned().or_else(|| first_label(&replica.address));
        replica.name = named.unwrap_or_default();
    }
    heard.sort_by_key(|replica| (replica.status.is_err(), !replica.is_direct()));
    let mut seen: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut here: BTreeSet<String> = BTreeSet::new();
    heard.retain(|replica| {
        if replica.status.is_err() {
            return replica.name.is_empty() || here.insert(replica.name.clone());
        }
        here.insert(replica.name.clone());
        seen.insert(replica.identity())
    });
    heard.sort_by(|a, b| (&a.name, &a.address).cmp(&(&b.name, &b.address)));
    heard
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn member(name: &str, address: &str, incarnation: u8) -> Member {
        Member {
            name: name.into(),
            client_address: address.into(),
            incarnation: Bytes::from(vec![incarnation; 16]),
            ..Member::default()
        }
    }

    fn answered(asked: &str, own: Member, members: &[Member]) -> ReplicaStatus {
        let status =
            StatusResponse { replica: Some(own), members: members.to_vec(), ..Default::default() };
        ReplicaStatus { address: asked.into(), name: String::new(), status: Ok(Box::new(status)) }
    }

    fn silent(asked: &str) -> ReplicaStatus {
        let status = Err("connection refused".into());
        ReplicaStatus { address: asked.into(), name: String::new(), status }
    }

    fn rows(heard: Vec<ReplicaStatus>) -> Vec<String> {
        let mut names = BTreeMap::new();
        for status in heard.iter().filter_map(|replica| replica.status.as_ref().ok()) {
            note_members(status, &mut names);
        }
        let row = |r: ReplicaStatus| {
            let how = if r.status.is_ok() { "answered" } else { "unreachable" };
            format!("{} {} {how}", r.name, r.address)
        };
        tidy(heard, &names).into_iter().map(row).collect()
    }

    #[test]
    fn a_member_that_came_back_elsewhere_is_there_once() {
        let (a, old) = (member("a", "10.0.0.1:7440", 1), member("b", "10.0.0.2:7440", 2));
        let back = member("b", "10.0.0.9:7440", 2);
        let heard = vec![
            answered("10.0.0.1:7440", a.clone(), &[a.clone(), old]),
            answered("b.pair.ns.svc:7440", back.clone(), &[a]),
            answered("10.0.0.9:7440", back, &[]),
            silent("10.0.0.2:7440"),
        ];
        assert_eq!(rows(heard), ["a 10.0.0.1:7440 answered", "b 10.0.0.9:7440 answered"]);
    }

    #[test]
    fn who_does_not_answer_has_a_name_and_one_line() {
        let (a, b) = (member("a", "10.0.0.1:7440", 1), member("b", "10.0.0.2:7440", 2));
        let heard = vec![
            answered("a.pair.ns.svc:7440", a.clone(), &[a, b]),
            silent("b.pair.ns.svc:7440"),
            silent("10.0.0.2:7440"),
        ];
        let wanted = ["a a.pair.ns.svc:7440 answered", "b b.pair.ns.svc:7440 unreachable"];
        assert_eq!(rows(heard), wanted);
        let nobody =
            vec![silent("b.pair.ns.svc:7440"), silent("10.0.0.7:7440"), silent("[fd00::1]:1")];
        let wanted = [
            " 10.0.0.7:7440 unreachable",
            " [fd00::1]:1 unreachable",
            "b b.pair.ns.svc:7440 unreachable",
        ];
        assert_eq!(rows(nobody), wanted);
    }

    #[test]
    fn before_their_clusters_birth_two_ways_to_one_are_one() {
        let blank = |name: &str| Member { incarnation: Bytes::new(), ..member(name, "h:1", 0) };
        let heard = vec![
            answered("localhost:7440", blank("a"), &[]),
            answered("a.pair.ns.svc:7440", blank("a"), &[]),
            answered("b.pair.ns.svc:7440", blank("b"), &[]),
        ];
        assert_eq!(rows(heard).len(), 2);
    }
}
