//! Quotas: the contract counts lifetimes in milliseconds, the machine in nanoseconds.

use understudy_machine::{Command, Outcome, Quota, SetQuota};
use understudy_proto::admin::v1 as proto;
use understudy_proto::kv::v1::ErrorReason;

use super::limits::{MAX_KEY, MAX_TXN, MS};
use super::rpc::{Executed, LoggedRpc};
use crate::refusal::Refusal;

pub(crate) fn response(quota: &Quota) -> proto::Quota {
    proto::Quota {
        max_key_bytes: Some(quota.max_key_bytes),
        max_value_bytes: Some(quota.max_value_bytes),
        max_txn_operations: Some(quota.max_txn_operations),
        max_range_keys: Some(quota.max_range_keys),
        max_response_bytes: Some(quota.max_response_bytes),
        max_keys: Some(quota.max_keys),
        max_bytes: Some(quota.max_bytes),
        max_sessions: Some(quota.max_sessions),
        min_session_ttl_ms: Some(quota.min_session_ttl / MS),
        max_session_ttl_ms: Some(quota.max_session_ttl / MS),
        max_session_held_bytes: Some(quota.max_session_held_bytes),
        max_held_bytes: Some(quota.max_held_bytes),
        max_history_revisions: Some(quota.max_history_revisions),
        max_history_bytes: Some(quota.max_history_bytes),
        min_history_ms: Some(quota.min_history_age / MS),
        max_leases: Some(quota.max_leases),
        max_generators: Some(quota.max_generators),
        max_owner_percent: Some(quota.max_owner_percent),
    }
}

impl LoggedRpc for proto::UpdateQuotaRequest {
    /// The quota is read again.
    type Response = ();
    type Form = ();

    fn command(self) -> Result<(Command, ()), Refusal> {
        Ok((Command::new(change(&self.quota.unwrap_or_default())?), ()))
    }

    fn response((): (), (_, response): Executed) -> Result<(), Refusal> {
        match response.result {
            Some(Outcome::Failure(failure)) => Err(Refusal::failed(&failure)),
            _ => Ok(()),
        }
    }
}

fn change(quota: &proto::Quota) -> Result<SetQuota, Refusal> {
    at_most("max_key_bytes", quota.max_key_bytes, MAX_KEY as u64)?;
    at_most("max_txn_operations", quota.max_txn_operations, MAX_TXN as u64)?;
    Ok(SetQuota {
        max_keys: quota.max_keys,
        max_bytes: quota.max_bytes,
        max_key_bytes: quota.max_key_bytes,
        max_value_bytes: quota.max_value_bytes,
        max_txn_operations: quota.max_txn_operations,
        max_range_keys: quota.max_range_keys,
        max_response_bytes: quota.max_response_bytes,
        max_sessions: quota.max_sessions,
        min_session_ttl: quota.min_session_ttl_ms.map(|ms| ms.saturating_mul(MS)),
        max_session_ttl: quota.max_session_ttl_ms.map(|ms| ms.saturating_mul(MS)),
        max_session_held_bytes: quota.max_session_held_bytes,
        max_held_bytes: quota.max_held_bytes,
        max_history_revisions: quota.max_history_revisions,
        max_history_bytes: quota.max_history_bytes,
        min_history_age: quota.min_history_ms.map(|ms| ms.saturating_mul(MS)),
        max_generators: quota.max_generators,
        max_leases: quota.max_leases,
        max_owner_percent: quota.max_owner_percent,
    })
}

fn at_most(field: &'static str, value: Option<u64>, most: u64) -> Result<(), Refusal> {
    match value {
        Some(value) if value > most => {
            let message = format!("{field} is {value}: it must be at most {most}");
            let refusal = Refusal::new(ErrorReason::InvalidSettings, message);
            Err(refusal.with("field", field).with("limit", most))
        }
        _ => Ok(()),
    }
}
