//! The cluster's settings as options: they count at its birth only.

use std::fmt::Debug;

use understudy_protocol::{Acknowledgement, BackupExecution, Execution, Settings};

use super::check::{given, wrong};
use super::{OptionsError, ServeArgs};

/// What a cluster is born with.
pub(super) fn settings(args: &ServeArgs) -> Result<Settings, OptionsError> {
    let other = |option, value: &Option<String>, other: &str| -> Result<bool, OptionsError> {
        Ok(given(option, value.as_deref())? == other)
    };
    let settings = Settings {
        sync_backups: given("sync-backups", args.sync_backups)?,
        min_copies: given("min-copies", args.min_copies)?,
        execution: match other("execution", &args.execution, "async")? {
            true => Execution::Async,
            false => Execution::Sync,
        },
        acknowledgement: match other("acknowledgement", &args.acknowledgement, "received")? {
            true => Acknowledgement::Received,
            false => Acknowledgement::Durable,
        },
        backup_execution: match other("backups", &args.backups, "deferred")? {
            true => BackupExecution::Deferred,
            false => BackupExecution::Hot,
        },
        max_tail_bytes: given("max-tail-bytes", args.max_tail_bytes)?,
        max_tail_ms: given("max-tail-ms", args.max_tail_ms)?,
    };
    settings.check().map_err(|why| wrong("execution", "async", why))?;
    Ok(settings)
}

/// What a replica was given that is not what its cluster has, in words.
pub(crate) fn differences(given: &Settings, has: &Settings) -> Vec<String> {
    let mut all = Vec::new();
    // Each by name: none is forgotten.
    let Settings {
        sync_backups,
        min_copies,
        execution,
        acknowledgement,
        backup_execution,
        max_tail_bytes,
        max_tail_ms,
    } = has;
    differ(&mut all, "sync-backups", &given.sync_backups, sync_backups);
    differ(&mut all, "min-copies", &given.min_copies, min_copies);
    differ(&mut all, "execution", &given.execution, execution);
    differ(&mut all, "acknowledgement", &given.acknowledgement, acknowledgement);
    differ(&mut all, "backups", &given.backup_execution, backup_execution);
    differ(&mut all, "max-tail-bytes", &given.max_tail_bytes, max_tail_bytes);
    differ(&mut all, "max-tail-ms", &given.max_tail_ms, max_tail_ms);
    all
}

fn differ<T: PartialEq + Debug>(all: &mut Vec<String>, option: &str, given: &T, has: &T) {
    if given != has {
        let word = |value: &T| format!("{value:?}").to_lowercase();
        all.push(format!("{option} {} (the cluster has {})", word(given), word(has)));
    }
}

#[cfg(test)]
mod tests {
    use understudy_protocol::Execution;

    use super::*;

    #[test]
    fn each_option_that_differs_is_named_with_both_values() {
        let given = Settings::default();
        assert!(differences(&given, &given).is_empty());
        let has = Settings { min_copies: 2, execution: Execution::Async, ..given };
        assert_eq!(
            differences(&given, &has),
            ["min-copies 1 (the cluster has 2)", "execution sync (the cluster has async)"]
        );
    }
}
