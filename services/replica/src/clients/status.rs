//! A replica's status, as the admin contract defines it.

use bytes::Bytes;
use tokio::sync::watch;
use understudy_proto::admin::v1 as proto;
use understudy_proto::kv::v1::ResponseHeader;
use understudy_protocol::{Follower, Member, PROTOCOL_VERSION, RoleName};

use super::settings;
use crate::driver::View;
use crate::memory::{Shares, resident};
use crate::metrics::Metrics;

/// What the status says besides the view.
#[derive(Clone)]
pub(crate) struct StatusSource {
    pub metrics: Metrics,
    /// Address of the operations port.
    pub ops: String,
    /// What would keep this replica from taking over; empty if nothing is known.
    pub warning: watch::Receiver<String>,
}

impl StatusSource {
    pub fn response(&self, header: ResponseHeader, view: &View) -> proto::StatusResponse {
        let status = &view.status;
        proto::StatusResponse {
            header: Some(header),
            replica: Some(member(&view.me)),
            role: role(status.role).into(),
            named: status.named,
            life: view.life,
            epoch: status.epoch,
            pid: std::process::id(),
            program_version: env!("CARGO_PKG_VERSION").into(),
            protocol_version: PROTOCOL_VERSION,
            primary: status.primary.as_ref().map(member),
            members: status.members.iter().map(member).collect(),
            positions: Some(proto::LogPositions {
                first: view.first,
                last: status.last,
                durable: status.durable,
                commit: status.commit,
                applied: status.applied,
                snapshot: status.snapshot,
            }),
            followers: status.followers.iter().map(follower).collect(),
            reason: status.reason.clone(),
            settings: Some(settings::response(&view.settings)),
            usage: Some(usage(&view.usage)),
            counters: Some(self.counters()),
            started_ns: i64::try_from(view.started).unwrap_or(i64::MAX),
            digest: view.digest,
            metrics_address: self.ops.clone(),
            warning: self.warning.borrow().clone(),
            memory: Some(memory(&view.shares)),
        }
    }

    fn counters(&self) -> proto::Counters {
        let metrics = &self.metrics;
        proto::Counters {
            acknowledged: metrics.acknowledged.get(),
            acknowledged_solo: metrics.acknowledged_solo.get(),
            reads: metrics.reads.get(),
            rejected: metrics.rejected.get(),
            outcome_unknown: metrics.outcome_unknown.get(),
            set_aside: metrics.set_aside.get().cast_unsigned(),
        }
    }
}

pub(crate) fn usage(usage: &understudy_machine::Usage) -> proto::Usage {
    proto::Usage {
        bytes: usage.bytes,
        keys: usage.keys,
        sessions: usage.sessions,
        leases: usage.leases,
        generators: usage.generators,
        oldest_revision: usage.oldest_revision,
        held_bytes: usage.held_bytes,
        history_bytes: usage.history_bytes,
        memory_bytes: usage.memory,
        max_memory_bytes: usage.memory_limit,
    }
}

fn memory(shares: &Shares) -> proto::Memory {
    let known = |bytes| if shares.is_limited() { bytes } else { 0 };
    let (limit, store) = (known(shares.limit), known(shares.store));
    proto::Memory { limit, store, resident: resident() }
}

pub(crate) fn member(member: &Member) -> proto::Member {
    proto::Member {
        incarnation: Bytes::copy_from_slice(&member.incarnation.0.to_be_bytes()),
        name: member.name.clone(),
        peer_address: member.peer_address.clone(),
        client_address: member.client_address.clone(),
    }
}

fn follower(follower: &Follower) -> proto::Follower {
    proto::Follower {
        member: Some(member(&follower.member)),
        obliged: follower.obliged,
        connected: follower.connected,
        durable: follower.durable,
    }
}

fn role(role: RoleName) -> proto::Role {
    match role {
        RoleName::Starting => proto::Role::Starting,
        RoleName::Waiting => proto::Role::Waiting,
        RoleName::Learner => proto::Role::Learner,
        RoleName::Spare => proto::Role::Spare,
        RoleName::Backup => proto::Role::Backup,
        RoleName::Candidate => proto::Role::Candidate,
        RoleName::Opening => proto::Role::Opening,
        RoleName::Primary => proto::Role::Primary,
        RoleName::Halted => proto::Role::Halted,
        RoleName::Ended => proto::Role::Unspecified,
    }
}
