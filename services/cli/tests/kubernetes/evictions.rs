//! A dropped backup's pod is deleted, and no other one.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::harness::cluster::progress;
use crate::harness::judge::flawless;
use crate::harness::wait;
use crate::stage::{NAME, Stage, stage};

/// Dropped after 700 ms, and replaced a second later.
const EVICT: [&str; 2] = ["--evict-ms", "1000"];
/// Well beyond.
const QUIET: Duration = Duration::from_secs(4);

/// A pair with its pods; primary, backup and the pods' uids by number.
async fn pair() -> Option<(Stage, usize, usize, [String; 2])> {
    let mut stage = stage(&EVICT).await?;
    let uids = [stage.make_pod(0).await, stage.make_pod(1).await];
    let (primary, backup) = stage.begin().await;
    Some((stage, primary, backup, uids))
}

/// The backup hangs and is dropped, since something waits for it.
async fn hang(stage: &Stage, primary: usize, backup: usize) {
    stage.cluster.signal(backup, Signal::STOP);
    stage.cluster.client().put("k", "v").await.unwrap();
    stage.cluster.until(primary, "serves alone", |status| status.members.len() == 1).await;
}

async fn gone(stage: &Stage, number: usize) {
    wait::until("the pod is deleted", || async { stage.pod(number).await.is_none().then_some(()) })
        .await;
}

#[tokio::test]
async fn the_pod_of_a_backup_that_hangs_is_deleted_and_the_primarys_stays() {
    let Some((stage, primary, backup, uids)) = pair().await else { return };
    let load = stage.cluster.load(4);
    progress(&load, 100).await;
    stage.cluster.signal(backup, Signal::STOP);
    gone(&stage, backup).await;
    assert_eq!(stage.pod(primary).await.as_ref(), Some(&uids[primary]));
    progress(&load, 100).await;
    flawless(&load.finish().await);
}

/// The primary that hangs never had a stream to its successor: it is known by the register alone.
#[tokio::test]
async fn the_pod_of_a_primary_that_hangs_is_deleted_by_its_successor() {
    let Some((stage, primary, backup, uids)) = pair().await else { return };
    stage.cluster.signal(primary, Signal::STOP);
    stage.cluster.client().put("k", "v").await.unwrap();
    gone(&stage, primary).await;
    assert_eq!(stage.pod(backup).await.as_ref(), Some(&uids[backup]));
}

#[tokio::test]
async fn a_pod_that_has_come_in_its_place_is_left_alone() {
    let Some((stage, primary, backup, uids)) = pair().await else { return };
    // It is noted before it is replaced: give the primary time to look.
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.cluster.signal(backup, Signal::STOP);
    stage.delete_pod(backup).await;
    // At the very address.
    let replacement = stage.make_pod(backup).await;
    assert_ne!(replacement, uids[backup]);
    stage.cluster.client().put("k", "v").await.unwrap();
    stage.logged(primary, "another pod is in the place of").await;
    assert_eq!(stage.pod(backup).await, Some(replacement));
}

/// The volume, and so the copy, outlives the pod.
#[tokio::test]
async fn a_copy_that_came_back_in_another_pod_is_looked_for_there() {
    let Some((mut stage, primary, backup, uids)) = pair().await else { return };
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.cluster.kill(backup);
    stage.delete_pod(backup).await;
    assert_ne!(stage.make_pod(backup).await, uids[backup]);
    stage.cluster.start(backup);
    assert_eq!(stage.cluster.complete().await, primary);
    hang(&stage, primary, backup).await;
    gone(&stage, backup).await;
}

#[tokio::test]
async fn a_backup_that_comes_back_in_time_keeps_its_pod() {
    let Some((stage, primary, backup, uids)) = pair().await else { return };
    hang(&stage, primary, backup).await;
    stage.cluster.signal(backup, Signal::CONT);
    stage.cluster.until(primary, "has a backup", |status| status.members.len() == 2).await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(stage.pod(backup).await.as_ref(), Some(&uids[backup]));
}

/// A node that is dead counts as ready for a while: the pod that comes in the place of the deleted one is
/// bound to it again, and only deleting it once more helps.
#[tokio::test]
async fn a_replacement_that_no_kubelet_takes_is_replaced_again_until_one_does() {
    let Some((stage, primary, backup, _)) = pair().await else { return };
    hang(&stage, primary, backup).await;
    gone(&stage, backup).await;
    for _ in 0..2 {
        stage.bind_pod(backup).await;
        gone(&stage, backup).await;
    }
    stage.logged(primary, "no kubelet of node dead has taken it on").await;
    let taken = stage.bind_pod(backup).await;
    stage.take_on(backup).await;
    tokio::time::sleep(QUIET * 3).await;
    assert_eq!(stage.pod(backup).await, Some(taken));
}

#[tokio::test]
async fn what_could_not_be_deleted_is_tried_again() {
    let Some(mut stage) = stage(&EVICT).await else { return };
    let _ = [stage.make_pod(0).await, stage.make_pod(1).await];
    let rules = |verbs: serde_json::Value| {
        json!([
            {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "resourceNames": [NAME],
                "verbs": ["get", "watch", "update"]},
            {"apiGroups": [""], "resources": ["pods"], "resourceNames": ["a", "b"], "verbs": verbs},
        ])
    };
    stage.restrict(rules(json!(["get"]))).await;
    let (primary, backup) = stage.begin().await;
    hang(&stage, primary, backup).await;
    stage.logged(primary, "is not replaced: not allowed to delete").await;
    stage.allow(rules(json!(["get", "delete"]))).await;
    gone(&stage, backup).await;
}

#[tokio::test]
async fn nothing_is_deleted_unless_it_is_wanted() {
    let Some(mut stage) = stage(&[]).await else { return };
    let uids = [stage.make_pod(0).await, stage.make_pod(1).await];
    let (primary, backup) = stage.begin().await;
    hang(&stage, primary, backup).await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(stage.pod(backup).await.as_ref(), Some(&uids[backup]));
}

#[tokio::test]
async fn without_the_right_it_is_a_line_in_the_log() {
    let lease = json!({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
        "resourceNames": [NAME], "verbs": ["get", "watch", "update"]});
    let pods = |verbs: serde_json::Value| {
        json!({"apiGroups": [""], "resources": ["pods"], "resourceNames": ["a", "b"],
            "verbs": verbs})
    };
    for (verbs, lacking) in [(json!(["get"]), "delete"), (json!(["delete"]), "get")] {
        let Some(mut stage) = stage(&EVICT).await else { return };
        let uids = [stage.make_pod(0).await, stage.make_pod(1).await];
        stage.restrict(json!([lease, pods(verbs)])).await;
        let (primary, backup) = stage.begin().await;
        hang(&stage, primary, backup).await;
        let role =
            format!("a Role must allow \"{lacking}\" on pods named {:?}", ["a", "b"][backup]);
        stage.logged(primary, &role).await;
        stage.cluster.client().put("k", "it serves on").await.unwrap();
        assert_eq!(stage.pod(backup).await.as_ref(), Some(&uids[backup]));
    }
}
