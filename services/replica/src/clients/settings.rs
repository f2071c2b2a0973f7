//! The cluster's settings: between the contract and the protocol.

use understudy_proto::admin::v1 as proto;
use understudy_proto::kv::v1::ErrorReason;
use understudy_protocol::{
    Acknowledgement, BackupExecution, Execution, MAX_TAIL_BYTES, MAX_TAIL_MS, Settings,
};

use crate::refusal::Refusal;

/// As the contract has them.
pub(super) fn response(settings: &Settings) -> proto::Settings {
    let execution = match settings.execution {
        Execution::Sync => proto::ExecutionMode::Sync,
        Execution::Async => proto::ExecutionMode::Async,
    };
    let acknowledgement = match settings.acknowledgement {
        Acknowledgement::Durable => proto::Acknowledgement::Durable,
        Acknowledgement::Received => proto::Acknowledgement::Received,
    };
    let backups = match settings.backup_execution {
        BackupExecution::Hot => proto::BackupExecution::Hot,
        BackupExecution::Deferred => proto::BackupExecution::Deferred,
    };
    proto::Settings {
        execution_mode: execution.into(),
        acknowledgement: acknowledgement.into(),
        backup_execution: backups.into(),
        sync_backups: Some(settings.sync_backups),
        min_copies: Some(settings.min_copies),
        max_tail_bytes: Some(settings.max_tail_bytes),
        max_tail_ms: Some(settings.max_tail_ms),
    }
}

/// Modes and bounds that this version does not have.
pub(super) fn check_known(change: &proto::Settings) -> Result<(), Refusal> {
    let known = matches!(change.execution_mode, 0 | 1 | 3)
        && matches!(change.acknowledgement, 0..=2)
        && matches!(change.backup_execution, 0..=2);
    match known {
        true => Ok(()),
        false => Err(Refusal::unimplemented(
            "one of these settings is not in this version of understudy",
        )),
    }
}

/// Whether this many copies can be had of the replicas that are configured.
pub(super) fn possible(change: &proto::Settings, others: usize) -> Result<(), Refusal> {
    let wanted = [
        ("sync_backups", change.sync_backups, others),
        ("min_copies", change.min_copies, others + 1),
    ];
    for (setting, value, most) in wanted {
        if let Some(value) = value.filter(|value| *value as usize > most) {
            let message = format!(
                "{setting} is {value}, and {others} other replica(s) are configured, which allows {most}: \
                 add replicas first (--peers of all of them)"
            );
            return Err(
                Refusal::new(ErrorReason::SettingsRefused, message).with("setting", setting)
            );
        }
    }
    Ok(())
}

/// What is in force after a change.
pub(super) fn changed(settings: Settings, change: &proto::Settings) -> Result<Settings, Refusal> {
    let copies = |field, value: Option<u32>, old: u32, most| {
        let value = bounded(field, value.map(u64::from), old.into(), most)?;
        Ok(u32::try_from(value).unwrap_or(old))
    };
    let changed = Settings {
        sync_backups: copies("sync_backups", change.sync_backups, settings.sync_backups, 8)?,
        min_copies: copies("min_copies", change.min_copies, settings.min_copies, 2)?,
        execution: match change.execution_mode() {
            proto::ExecutionMode::Sync => Execution::Sync,
            proto::ExecutionMode::Async => Execution::Async,
            _ => settings.execution,
        },
        acknowledgement: match change.acknowledgement() {
            proto::Acknowledgement::Durable => Acknowledgement::Durable,
            proto::Acknowledgement::Received => Acknowledgement::Received,
            proto::Acknowledgement::Unspecified => settings.acknowledgement,
        },
        backup_execution: match change.backup_execution() {
            proto::BackupExecution::Hot => BackupExecution::Hot,
            proto::BackupExecution::Deferred => BackupExecution::Deferred,
            proto::BackupExecution::Unspecified => settings.backup_execution,
        },
        max_tail_bytes: bounded(
            "max_tail_bytes",
            change.max_tail_bytes,
            settings.max_tail_bytes,
            MAX_TAIL_BYTES,
        )?,
        max_tail_ms: bounded("max_tail_ms", change.max_tail_ms, settings.max_tail_ms, MAX_TAIL_MS)?,
    };
    changed.check().map_err(|why| {
        Refusal::new(ErrorReason::SettingsRefused, why).with("setting", "execution_mode")
    })?;
    Ok(changed)
}

fn bounded(field: &'static str, value: Option<u64>, old: u64, most: u64) -> Result<u64, Refusal> {
    match value {
        None => Ok(old),
        Some(value) if (1..=most).contains(&value) => Ok(value),
        Some(value) => {
            let message = format!("{field} is {value}: it must be 1 to {most}");
            let refusal = Refusal::new(ErrorReason::InvalidSettings, message);
            Err(refusal.with("field", field).with("limit", if value == 0 { 1 } else { most }))
        }
    }
}
