//! What is seen from among the clients, ten times a second: one JSON object per line.

use serde::{Deserialize, Serialize};
use understudy_client::ClusterStatus;
use understudy_client::proto::admin::v1::{Member, Role, StatusResponse};
use understudy_history::Operation;

use crate::clock;

/// What was seen at one moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: u64,
    /// What clients of the library were told so far.
    pub library: Acknowledged,
    /// What clients of the Service were told so far.
    pub service: Acknowledged,
    /// Every replica that answered.
    pub replicas: Vec<Seen>,
}

/// What clients of one way were told so far.
#[derive(Clone, Copy, Default, Debug, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Operations.
    pub operations: u64,
    /// Of these, changes.
    pub changes: u64,
    /// When the last change was acknowledged.
    pub last: u64,
}

/// A replica, as it says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// Its name: its pod's.
    pub name: String,
    /// What it is: `primary`, `backup` and so on.
    pub role: String,
    /// The highest epoch that it knows.
    pub epoch: u64,
    /// Which life of its directory this is.
    pub life: u64,
    /// When that began.
    pub began: u64,
    /// Whether it is a primary of two members, the other of which follows it and is caught up.
    pub whole: bool,
    /// Names of the members.
    pub members: Vec<String>,
    /// Why it waits or has halted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Moment {
    /// The acting primary with the highest epoch.
    pub fn primary(&self) -> Option<&Seen> {
        let acting = self.replicas.iter().filter(|replica| replica.role == "primary");
        acting.max_by_key(|replica| replica.epoch)
    }

    /// The primary, if there are two members that are caught up.
    pub fn whole(&self) -> Option<&Seen> {
        self.primary().filter(|primary| primary.whole)
    }

    /// The replicas in one short line, for people.
    pub fn describe(&self) -> String {
        let all = self.replicas.iter().map(|replica| {
            let Seen { name, role, epoch, members, .. } = replica;
            format!("{name} {role} (epoch {epoch}, members {})", members.join("+"))
        });
        let all: Vec<String> = all.collect();
        if all.is_empty() { "no replica answers".to_owned() } else { all.join(", ") }
    }
}

impl Acknowledged {
    /// Takes in an operation that is over.
    pub fn note(&mut self, operation: &Operation) {
        let Some(answer) = operation.answer() else { return };
        self.operations += 1;
        if answer.reply.changed() {
            self.changes += 1;
            self.last = self.last.max(operation.end);
        }
    }
}

/// The replicas that answered.
pub fn seen(cluster: &ClusterStatus) -> Vec<Seen> {
    let answered = cluster.replicas.iter().filter_map(|replica| {
        let status = replica.status.as_ref().ok()?;
        Some(Seen {
            name: replica.name.clone(),
            role: status.role().as_str_name().trim_start_matches("ROLE_").to_lowercase(),
            epoch: status.epoch,
            life: status.life,
            began: clock::of_wall(status.started_ns),
            whole: is_whole(status),
            members: status.members.iter().map(|member| member.name.clone()).collect(),
            reason: status.reason.clone(),
        })
    });
    answered.collect()
}

/// Whether this is a primary of two members, the other of which it needs, is connected to, and has
/// had acknowledge what is committed.
fn is_whole(status: &StatusResponse) -> bool {
    let commit = status.positions.map_or(0, |positions| positions.commit);
    let named =
        |member: &Member| status.members.iter().any(|m| m.incarnation == member.incarnation);
    status.role() == Role::Primary
        && status.members.len() == 2
        && status.followers.iter().any(|follower| {
            follower.obliged
                && follower.connected
                && follower.durable >= commit
                && follower.member.as_ref().is_some_and(named)
        })
}
