//! Options that count at a cluster's birth only, and differ from what the cluster has: somebody may believe
//! that a restart, or an upgrade of the chart, has changed them.

use std::sync::Arc;

use tokio::sync::watch;
use understudy_protocol::{RoleName, Settings};

use crate::driver::View;
use crate::options::differences;

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
