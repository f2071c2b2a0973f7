//! Processes that hang (SIGSTOP) and go on (SIGCONT).

use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::task::JoinSet;
use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::{Cluster, progress};
use crate::harness::judge::flawless;
use crate::harness::raw::Raw;
use crate::{CLIENTS, SOME};

/// A replica under these loads needs a fraction of it, bytes.
const MEMORY: u64 = 512 << 20;

#[tokio::test]
async fn a_paused_primary_is_deposed_and_answers_nothing_when_it_resumes() {
    let (cluster, primary, backup) = Cluster::pair().await;
    let client = cluster.client();
    client.put("k", "old").await.unwrap();
    let before = cluster.status(primary).await.unwrap();
    let raw = Raw::connect(&cluster.replicas[primary].clients).await;
    raw.get("k").await.unwrap();

    cluster.signal(primary, Signal::STOP);
    cluster.until(backup, "takes over", |s| s.role() == Role::Primary).await;
    client.put("k", "new").await.unwrap();
    // These wait in the paused process's sockets, and are there when it resumes.
    let (stale, acknowledged) = tokio::join!(raw.get("k"), async {
        let put = raw.put("k", "from the deposed");
        tokio::select! {
            _ = put => panic!("a paused process answers nothing"),
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
        let late = raw.put("k", "from the deposed");
        cluster.signal(primary, Signal::CONT);
        late.await
    });
    assert!(stale.is_err(), "a deposed primary has answered a read: {stale:?}");
    assert!(acknowledged.is_err(), "a deposed primary has acknowledged: {acknowledged:?}");

    let after = cluster
        .until(primary, "is back as a backup", |s| s.role() == Role::Backup && s.named)
        .await;
    assert!(after.life > before.life, "its life has ended: {} > {}", after.life, before.life);
    assert_eq!(after.pid, before.pid, "the process has executed itself anew");
    let value = client.get("k").await.unwrap().kv.unwrap().value;
    assert_eq!(&value[..], b"new");
}

#[tokio::test]
async fn a_backup_that_hangs_is_dropped_and_costs_no_memory() {
    let (cluster, primary, backup) = Cluster::pair().await;
    let load = cluster.load(CLIENTS);
    progress(&load, SOME).await;
    cluster.signal(backup, Signal::STOP);
    cluster.until(primary, "has dropped it", |s| s.members.len() == 1).await;
    progress(&load, 10 * SOME).await;
    let resident = cluster.replicas[primary].resident();
    assert!(resident < MEMORY, "{resident} bytes in use");
    cluster.signal(backup, Signal::CONT);
    assert_eq!(cluster.complete().await, primary, "it joins again");
    progress(&load, SOME).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn a_backup_that_hangs_holds_writers_back_before_memory_runs_out() {
    let mut cluster = Cluster::new(2).await;
    // Nobody is dropped while this test looks.
    cluster.extra = ["--drop-ms", "60000", "--stall-ms", "60000", "--promote-ms", "90000"]
        .map(Into::into)
        .into();
    cluster.start_all();
    let primary = cluster.complete().await;
    cluster.signal(1 - primary, Signal::STOP);
    let raw = Arc::new(Raw::connect(&cluster.replicas[primary].clients).await);
    let value = "x".repeat(512 << 10);
    let mut puts = JoinSet::new();
    for number in 0..400 {
        let (raw, value) = (raw.clone(), value.clone());
        puts.spawn(async move { raw.put(&format!("k{number}"), &value).await });
    }
    // 200 MB are too much to wait for the backup: some of it is turned away, and surely not done.
    let refused = puts.join_next().await.unwrap().unwrap().unwrap_err();
    assert_eq!(refused.code(), tonic::Code::ResourceExhausted, "{refused:?}");
    let resident = cluster.replicas[primary].resident();
    assert!(resident < MEMORY, "{resident} bytes in use");
    cluster.signal(1 - primary, Signal::CONT);
    let mut written = 0;
    for put in puts.join_all().await {
        match put {
            Ok(_) => written += 1,
            Err(status) => assert_eq!(status.code(), tonic::Code::ResourceExhausted, "{status:?}"),
        }
    }
    assert!(written > 0, "what had been accepted is done");
    let keys = cluster.status(primary).await.unwrap().usage.unwrap().keys;
    assert_eq!(keys, written, "and nothing else");
}
