//! `grpc.health.v1`: the key-value service is SERVING on an acting primary only, the replica's own
//! service while the process does its work, in whatever role.

use std::sync::Arc;

use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::driver::View;

/// Name of the replica's own service.
pub const REPLICA_SERVICE: &str = "understudy.replica";
/// Name of the service that clients look for.
pub(crate) const KEY_VALUE_SERVICE: &str = "understudy.kv.v1.KeyValueService";

/// Follows the view until the loop is gone.
pub(crate) async fn report(reporter: HealthReporter, mut view: watch::Receiver<Arc<View>>) {
    let mut told = None;
    loop {
        let (acting, well) = {
            let view = view.borrow_and_update();
            (view.acting, !view.is_halted())
        };
        if told != Some((acting, well)) {
            told = Some((acting, well));
            reporter.set_service_status(KEY_VALUE_SERVICE, status(acting)).await;
            reporter.set_service_status(REPLICA_SERVICE, status(well)).await;
            // The server as a whole: what a probe without a name asks.
            reporter.set_service_status("", status(well)).await;
        }
        if view.changed().await.is_err() {
            reporter.set_service_status(KEY_VALUE_SERVICE, ServingStatus::NotServing).await;
            reporter.set_service_status(REPLICA_SERVICE, ServingStatus::NotServing).await;
            return;
        }
    }
}

fn status(serving: bool) -> ServingStatus {
    if serving { ServingStatus::Serving } else { ServingStatus::NotServing }
}
