//! Handovers, and processes that are asked to go.

use rustix::process::Signal;
use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::{Cluster, progress};
use crate::harness::judge::flawless;
use crate::{CLIENTS, SOME};

#[tokio::test]
async fn a_handover_fails_no_request() {
    let (cluster, primary, backup) = Cluster::pair().await;
    let load = cluster.load(CLIENTS);
    progress(&load, SOME).await;
    cluster.client().hand_over("").await.unwrap();
    assert_eq!(cluster.complete().await, backup, "the backup is primary now");
    progress(&load, SOME).await;
    cluster.client().hand_over("").await.unwrap();
    assert_eq!(cluster.complete().await, primary, "and back");
    progress(&load, SOME).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn a_primary_asked_to_go_hands_over_and_a_backup_asked_to_go_leaves() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let load = cluster.load(CLIENTS);
    progress(&load, SOME).await;
    cluster.signal(primary, Signal::TERM);
    assert!(cluster.replicas[primary].ended().await.success(), "the primary left in order");
    cluster.until(backup, "has taken over", |s| s.role() == Role::Primary).await;
    progress(&load, SOME).await;
    cluster.start(primary);
    assert_eq!(cluster.complete().await, backup);
    cluster.signal(primary, Signal::TERM);
    assert!(cluster.replicas[primary].ended().await.success(), "the backup left in order");
    let alone = cluster.status(backup).await.unwrap();
    assert_eq!(alone.members.len(), 1, "it had itself dropped first");
    progress(&load, SOME).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn both_asked_to_go_at_once_come_back_with_everything() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let load = cluster.load(CLIENTS);
    progress(&load, SOME).await;
    cluster.signal(backup, Signal::TERM);
    cluster.signal(primary, Signal::TERM);
    for number in [primary, backup] {
        assert!(cluster.replicas[number].ended().await.success());
    }
    cluster.start_all();
    cluster.complete().await;
    progress(&load, SOME).await;
    flawless(&load.finish().await);
}
