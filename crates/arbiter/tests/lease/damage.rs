//! A Lease that is not what was written is never taken for a register, and never for a blank one.

use serde_json::json;
use understudy_arbiter::Arbiter;
use understudy_protocol::{RegisterFailure, WriteAnswer};

use crate::cluster::{Cluster, cluster};
use crate::common::{advance, next};

/// What the read of a damaged register says; a write over what was there before changes nothing.
async fn damage(cluster: &Cluster) -> String {
    let register = cluster.register();
    match register.read().await {
        Err(RegisterFailure::Damaged(why)) => why,
        other => panic!("not damaged: {other:?}"),
    }
}

#[tokio::test]
async fn an_annotation_that_was_taken_away_is_not_a_blank_register() {
    let Some(cluster) = cluster().await else { return };
    let register = cluster.register();
    let base = advance(&register, 2).await;
    cluster.annotate(json!(null)).await;
    let why = damage(&cluster).await;
    assert!(why.contains("holderIdentity") && why.contains("recover"), "{why}");
    let answer = register.write(&base, &next(&base, 1)).await;
    assert_eq!(answer, WriteAnswer::Conflict);
    damage(&cluster).await;
}

#[tokio::test]
async fn an_edited_a_cut_and_a_newer_annotation_are_told_apart() {
    let Some(cluster) = cluster().await else { return };
    advance(&cluster.register(), 2).await;
    let good = cluster.annotation().await;
    cluster.annotate(good.replace("\"epoch\":2", "\"epoch\":3")).await;
    assert!(damage(&cluster).await.contains("edited"));
    cluster.annotate(&good[..good.len() / 2]).await;
    assert!(damage(&cluster).await.contains("cannot be understood"));
    cluster.annotate("").await;
    assert!(damage(&cluster).await.contains("cannot be understood"));
    cluster.annotate("{\"format\": 9}").await;
    assert!(damage(&cluster).await.contains("newer format (9"));
    cluster.annotate(good).await;
    assert!(cluster.register().read().await.is_ok());
}

#[tokio::test]
async fn the_lease_of_another_program_is_not_taken_over() {
    let Some(cluster) = cluster().await else { return };
    cluster.edit(json!({"spec": {"holderIdentity": "somebody", "leaseDurationSeconds": 15}})).await;
    assert!(damage(&cluster).await.contains("another program"));
}
