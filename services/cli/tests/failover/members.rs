//! Copies that come, go and come back.

use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::{Cluster, progress};
use crate::harness::judge::flawless;
use crate::harness::raw::Raw;
use crate::harness::wait;
use crate::{CLIENTS, SOME};

#[tokio::test]
async fn a_wiped_data_directory_comes_back_as_another_copy() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let before = cluster.status(backup).await.unwrap().replica.unwrap().incarnation;
    let load = cluster.load(CLIENTS);
    progress(&load, SOME).await;
    cluster.kill(backup);
    std::fs::remove_dir_all(&cluster.replicas[backup].data).unwrap();
    progress(&load, SOME).await;
    // It learns everything while the load goes on.
    cluster.start(backup);
    assert_eq!(cluster.complete().await, primary);
    let after = cluster.status(backup).await.unwrap().replica.unwrap().incarnation;
    assert_ne!(before, after);
    progress(&load, SOME).await;
    // And now it is the only one that has it.
    cluster.kill(primary);
    std::fs::remove_dir_all(&cluster.replicas[primary].data).unwrap();
    cluster.until(backup, "takes over", |s| s.role() == Role::Primary).await;
    cluster.start(primary);
    assert_eq!(cluster.complete().await, backup);
    progress(&load, SOME).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn a_learner_far_behind_joins_by_a_snapshot_under_load() {
    let mut cluster = Cluster::new(2).await;
    // Small enough that the log's beginning is gone before the learner comes.
    cluster.extra =
        ["--snapshot-bytes", "65536", "--retain-entries", "10", "--segment-bytes", "65536"]
            .map(Into::into)
            .into();
    cluster.start_all();
    let primary = cluster.complete().await;
    let backup = 1 - primary;
    cluster.kill(backup);
    std::fs::remove_dir_all(&cluster.replicas[backup].data).unwrap();
    let load = cluster.load(CLIENTS);
    cluster
        .until(primary, "has let go of old log", |s| {
            s.positions.as_ref().is_some_and(|p| p.snapshot > 1000 && p.first > 1)
        })
        .await;
    cluster.start(backup);
    assert_eq!(cluster.complete().await, primary);
    let learned = cluster.status(backup).await.unwrap().positions.unwrap();
    assert!(learned.first > 1, "it began with a snapshot: {learned:?}");
    cluster.kill(primary);
    progress(&load, SOME).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn a_spare_steps_in_for_a_backup_that_is_gone() {
    let mut cluster = Cluster::new(3).await;
    cluster.start_all();
    let primary = cluster.complete().await;
    let roles = |role| {
        let cluster = &cluster;
        move || async move {
            for number in 0..3 {
                if cluster.status(number).await.is_some_and(|s| s.role() == role) {
                    return Some(number);
                }
            }
            None
        }
    };
    let spare = wait::until("there is a spare", roles(Role::Spare)).await;
    let backup = 3 - primary - spare;
    let load = cluster.load(CLIENTS);
    progress(&load, SOME).await;
    cluster.kill(backup);
    cluster.until(spare, "is a backup now", |s| s.role() == Role::Backup && s.named).await;
    progress(&load, SOME).await;
    cluster.kill(primary);
    cluster.until(spare, "takes over", |s| s.role() == Role::Primary).await;
    progress(&load, SOME).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn two_copies_demanded_are_two_copies() {
    let mut cluster = Cluster::new(2).await;
    cluster.extra = ["--min-copies", "2"].map(Into::into).into();
    cluster.start_all();
    let primary = cluster.complete().await;
    let client = cluster.client();
    client.put("k", "1").await.unwrap();
    cluster.kill(1 - primary);
    let raw = Raw::connect(&cluster.replicas[primary].clients).await;
    // Something must wait for the backup, or nobody misses it. With one copy it is not done.
    raw.put("other", "2").await.unwrap_err();
    cluster.until(primary, "is alone", |s| s.members.len() == 1).await;
    let refused = raw.put("k", "2").await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused:?}");
    assert_eq!(&raw.get("k").await.unwrap().kv.unwrap().value[..], b"1", "reads go on");
    cluster.start(1 - primary);
    client.put("k", "3").await.unwrap();
    let mut recorder = cluster.recorder(1);
    assert_eq!(recorder.get("k".into()).await.unwrap().value, "3");
}
