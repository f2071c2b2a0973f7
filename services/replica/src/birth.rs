//! Options that count at a cluster's birth only, and differ from what the cluster has: somebody may believe
//! that a restart, or an upgrade of the chart, has changed them.

use std::fmt::Debug;
use std::sync::Arc;

use tokio::sync::watch;
use understudy_protocol::{RoleName, Settings};

use crate::driver::View;

/// Says it once, when the cluster's settings are known.
pub(crate) async fn tell_differences(
    given: Settings,
    name: String,
    mut view: watch::Receiver<Arc<View>>,
) {
    let known = |view: &Arc<View>| view.acting || view.status.role == RoleName::Backup;
    let Ok(settings) = view.wait_for(known).await.map(|view| view.settings) else { return };
    let differences = differences(&given, &settings);
    if !differences.is_empty() {
        tracing::info!(
            replica = %name,
            "these options count at a cluster's birth only, and are not what the cluster has: {}; \
             `understudy mode` changes them",
            differences.join(", ")
        );
    }
}

fn differences(given: &Settings, has: &Settings) -> Vec<String> {
    let mut all = Vec::new();
    differ(&mut all, "sync-backups", &given.sync_backups, &has.sync_backups);
    differ(&mut all, "min-copies", &given.min_copies, &has.min_copies);
    differ(&mut all, "execution", &given.execution, &has.execution);
    differ(&mut all, "acknowledgement", &given.acknowledgement, &has.acknowledgement);
    differ(&mut all, "backups", &given.backup_execution, &has.backup_execution);
    differ(&mut all, "max-tail-bytes", &given.max_tail_bytes, &has.max_tail_bytes);
    differ(&mut all, "max-tail-ms", &given.max_tail_ms, &has.max_tail_ms);
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
