//! Backups that only keep the log, and execute it when they are promoted.

use understudy_proto::admin::v1::{BackupExecution, Role, Settings, UpdateSettingsRequest};

use crate::common::{Cluster, admin, get, put, until};

/// Tells the cluster what its backups are to execute.
async fn set(cluster: &Cluster, execution: BackupExecution) {
    let primary = cluster.primary().await;
    let mut operator = admin(&cluster.clients(primary)).await.unwrap();
    let settings = Settings { backup_execution: execution.into(), ..Settings::default() };
    let request = UpdateSettingsRequest { settings: Some(settings) };
    let changed = operator.update_settings(request).await.unwrap().into_inner();
    assert_eq!(changed.settings.unwrap().backup_execution(), execution);
}

/// Puts this value under this many keys.
async fn fill(cluster: &Cluster, keys: usize, value: &str) {
    let mut client = cluster.client().await;
    for key in 0..keys {
        client.put(put(&format!("k{key}"), value)).await.unwrap();
    }
}

/// Every key has this value at the replica that acts.
async fn check(cluster: &Cluster, keys: usize, value: &str) {
    let mut client = cluster.client().await;
    for key in 0..keys {
        let got = client.get(get(&format!("k{key}"))).await.unwrap().into_inner();
        assert_eq!(&got.kv.unwrap().value[..], value.as_bytes(), "k{key}");
    }
}

/// Committed, executed, and the newest snapshot.
async fn positions(cluster: &Cluster, replica: usize) -> (u64, u64, u64) {
    let positions = cluster.status(replica).await.unwrap().positions.unwrap();
    (positions.commit, positions.applied, positions.snapshot)
}

#[tokio::test]
async fn a_deferred_backup_keeps_all_executes_nothing_and_serves_all_when_the_primary_is_gone() {
    let mut cluster = Cluster::born(2).await;
    set(&cluster, BackupExecution::Deferred).await;
    let primary = cluster.primary().await;
    let (.., before) = positions(&cluster, 1 - primary).await;
    let (_, executed, _) = positions(&cluster, 1 - primary).await;
    fill(&cluster, 300, "v").await;
    until("the backup knows that all is committed", async || {
        positions(&cluster, 1 - primary).await.0 >= executed + 300
    })
    .await;
    assert_eq!(positions(&cluster, 1 - primary).await.1, executed);
    assert_eq!(positions(&cluster, 1 - primary).await.2, before);
    let status = cluster.status(1 - primary).await.unwrap();
    assert_eq!(status.role(), Role::Backup);
    assert_eq!(status.settings.unwrap().backup_execution(), BackupExecution::Deferred);

    cluster.kill(primary);
    check(&cluster, 300, "v").await;
    let (commit, applied, _) = positions(&cluster, 1 - primary).await;
    assert_eq!(commit, applied, "a primary executes everything");

    // The old primary comes back as a deferred backup, and is told to execute.
    cluster.start(primary);
    assert_ne!(cluster.paired().await, primary);
    fill(&cluster, 10, "w").await;
    let (commit, applied, _) = positions(&cluster, primary).await;
    assert!(
        applied + 300 < commit,
        "{applied} of {commit}: it has executed nothing since it began"
    );
    set(&cluster, BackupExecution::Hot).await;
    until("the backup has executed all", async || {
        let (commit, applied, _) = positions(&cluster, primary).await;
        applied == commit && applied >= executed + 310
    })
    .await;
    let digest = async |replica| {
        let status = cluster.status(replica).await.unwrap();
        (status.positions.unwrap().applied, status.digest)
    };
    until("both are at the same point, and the same", async || {
        digest(primary).await == digest(1 - primary).await
    })
    .await;
    assert!(cluster.replicas[primary].as_ref().unwrap().ended.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_primarys_snapshots_spare_a_deferred_backup_what_is_before_them() {
    let mut cluster = Cluster::new(2);
    for args in &mut cluster.args {
        (args.snapshot_bytes, args.retain_entries) = (Some(40_000), Some(0));
    }
    cluster.start_all();
    let primary = cluster.paired().await;
    set(&cluster, BackupExecution::Deferred).await;
    let (_, executed, _) = positions(&cluster, 1 - primary).await;
    let value = "v".repeat(500);
    fill(&cluster, 400, &value).await;
    until("the backup has a snapshot that it did not make", async || {
        let (commit, applied, snapshot) = positions(&cluster, 1 - primary).await;
        applied == executed && snapshot > executed + 200 && commit >= executed + 400
    })
    .await;
    // The log goes with it, up to the newest snapshot.
    fill(&cluster, 100, "w").await;
    cluster.kill(primary);
    let mut client = cluster.client().await;
    for key in 0..400 {
        let got = client.get(get(&format!("k{key}"))).await.unwrap().into_inner();
        let wanted = if key < 100 { "w" } else { &value };
        assert_eq!(&got.kv.unwrap().value[..], wanted.as_bytes(), "k{key}");
    }
    // And it begins another life with it.
    cluster.kill(1 - primary);
    cluster.start(1 - primary);
    let got = cluster.client().await.get(get("k399")).await.unwrap().into_inner();
    assert_eq!(&got.kv.unwrap().value[..], value.as_bytes());
}

#[tokio::test]
async fn a_handover_to_a_deferred_backup_loses_nothing() {
    use understudy_proto::admin::v1::HandOverRequest;
    let cluster = Cluster::born(2).await;
    set(&cluster, BackupExecution::Deferred).await;
    fill(&cluster, 200, "v").await;
    let primary = cluster.primary().await;
    let mut operator = admin(&cluster.clients(primary)).await.unwrap();
    operator.hand_over(HandOverRequest::default()).await.unwrap();
    cluster.until_role(1 - primary, Role::Primary).await;
    check(&cluster, 200, "v").await;
    cluster.until_role(primary, Role::Backup).await;
    let ended = cluster.replicas[primary].as_ref().unwrap().ended.lock().unwrap();
    assert!(ended.is_empty(), "{ended:?}");
}
