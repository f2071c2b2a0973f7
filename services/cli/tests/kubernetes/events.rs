//! Events say what a replica goes through, about its pod and its StatefulSet.

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::DeleteParams;
use understudy_client::proto::admin::v1::Role;

use crate::stage::{NAME, stage};

#[tokio::test]
async fn a_failover_and_its_end_are_told_about_pod_and_stateful_set() {
    let Some(mut stage) = stage(&[]).await else { return };
    for number in [0, 1] {
        stage.make_pod(number).await;
        stage.own_pod(number).await;
    }
    let (primary, backup) = stage.begin().await;
    let name = stage.cluster.replicas[backup].name.clone();
    stage.cluster.kill(primary);
    let told = stage.event("Pod", &name, "Primary").await;
    assert!(told.contains(&name) && told.contains("epoch"), "{told}");
    stage.event("StatefulSet", NAME, "Primary").await;
    stage.cluster.client().put("k", "v").await.unwrap();
    assert!(stage.event("Pod", &name, "Solo").await.contains("one copy"));
    stage.event("StatefulSet", NAME, "Solo").await;
    stage.cluster.start(primary);
    stage.event("Pod", &name, "Redundant").await;
}

#[tokio::test]
async fn a_replica_that_halts_says_why() {
    let Some(mut stage) = stage(&[]).await else { return };
    for number in [0, 1] {
        stage.make_pod(number).await;
    }
    let (primary, _) = stage.begin().await;
    stage.all::<Lease>().delete(NAME, &DeleteParams::default()).await.unwrap();
    stage.make_lease().await;
    let is_halted = |status: &understudy_client::proto::admin::v1::StatusResponse| {
        status.role() == Role::Halted
    };
    stage.cluster.until(primary, "halts", is_halted).await;
    let name = stage.cluster.replicas[primary].name.clone();
    let told = stage.event("Pod", &name, "Halted").await;
    assert!(told.contains("it was replaced") || told.contains("is blank"), "{told}");
}

#[tokio::test]
async fn without_a_pod_of_its_own_a_replica_does_its_work() {
    let Some(mut stage) = stage(&[]).await else { return };
    let (primary, _) = stage.begin().await;
    stage.logged(primary, "no Events are made: there is no Pod").await;
    stage.cluster.client().put("k", "v").await.unwrap();
}
