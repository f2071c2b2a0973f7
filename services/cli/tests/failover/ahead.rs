//! `async`: answers come before the second copy, and what a failover then cuts is not gone.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::task::JoinSet;
use understudy_client::Error;
use understudy_client::proto::admin::v1::Role;
use understudy_client::proto::kv::v1::watch_request::{From, Target};
use understudy_client::proto::kv::v1::{ErrorReason, WatchRequest};

use crate::harness::cluster::Cluster;
use crate::harness::command::succeed;
use crate::harness::raw::{Raw, Session};

/// A pair in `async` mode with `k` = 1 on both.
async fn ahead() -> (Cluster, usize, usize) {
    let mut cluster = Cluster::new(2).await;
    // Nobody is dropped meanwhile, and the tail may grow old.
    cluster.extra = ["--execution", "async", "--max-tail-ms", "60000", "--first-chance-ms", "0"]
        .iter()
        .chain(&["--max-tail-bytes", "16777216"])
        .chain(&["--drop-ms", "10000", "--promote-ms", "10500", "--stall-ms", "11000"])
        .map(ToString::to_string)
        .collect();
    cluster.start_all();
    let primary = cluster.complete().await;
    let raw = Raw::connect(&cluster.replicas[primary].clients).await;
    raw.put("k", "1").await.unwrap();
    cluster
        .until(primary, "has nothing that is not committed", |status| {
            status.positions.as_ref().is_some_and(|p| p.commit == p.last)
        })
        .await;
    (cluster, primary, 1 - primary)
}

#[tokio::test]
async fn what_async_loses_is_set_aside_and_watchers_are_told() {
    let (mut cluster, primary, backup) = ahead().await;
    let raw = Raw::connect(&cluster.replicas[primary].clients).await;
    let session = Session::open(&cluster.replicas[primary].clients).await;
    let client = cluster.client();
    let target = Some(Target::Key("k".into()));
    let from = Some(From::StartRevision(1));
    let mut watch = client.watch(WatchRequest { target, from, ..WatchRequest::default() });
    // A watch begins with a read, for which the backup is asked.
    let first = watch.next().await.unwrap().events;
    cluster.signal(backup, Signal::STOP);
    // What the sockets take, it will find there when it goes on.
    for _ in 0..12 {
        raw.put("filler", &"x".repeat(1_000_000)).await.unwrap();
    }
    for value in ["2", "3"] {
        raw.put("k", value).await.unwrap();
    }
    for _ in 0..4 {
        raw.put_again(&session, 1, ("again", "once")).await.unwrap();
    }
    let mut told = first;
    while told.len() < 3 {
        told.extend(watch.next().await.unwrap().events);
    }
    let seen: Vec<_> = told.into_iter().map(|event| event.kv.unwrap().value).collect();
    assert_eq!(seen, ["1", "2", "3"], "watchers see what is executed");
    cluster.kill(primary);
    cluster.signal(backup, Signal::CONT);
    cluster.until(backup, "takes over", |s| s.role() == Role::Primary).await;
    assert_eq!(client.get("k").await.unwrap().kv.unwrap().value, "1", "the tail is lost");
    match watch.next().await {
        Err(Error::Rejected(rejected)) => {
            assert_eq!(rejected.reason, Some(ErrorReason::LineageLost), "{rejected:?}");
        }
        other => panic!("a watch went on over what was cut: {other:?}"),
    }
    client.put("k", "4").await.unwrap();
    cluster.start(primary);
    assert_eq!(cluster.complete().await, backup);
    let status = cluster.status(primary).await.unwrap();
    assert!(status.counters.unwrap().set_aside >= 2, "it says so");
    let data = cluster.replicas[primary].data.display().to_string();
    let shown = succeed(&["log", &data, "--cut"]);
    assert!(shown.contains("put \"k\" = \"2\"") && shown.contains("put \"k\" = \"3\""), "{shown}");
    assert!(!shown.contains("= \"1\"") && !shown.contains("= \"4\""), "{shown}");
    // What a client sent again is to be done once: it is there once.
    let again: Vec<_> = shown.lines().filter(|line| line.contains("put \"again\"")).collect();
    assert!(again.len() == 1 && again[0].ends_with("(logged 3 more times)"), "{again:?}");
}

#[tokio::test]
async fn an_async_primary_that_comes_back_has_lost_nothing() {
    let (mut cluster, primary, backup) = ahead().await;
    let raw = Raw::connect(&cluster.replicas[primary].clients).await;
    cluster.signal(backup, Signal::STOP);
    raw.put("k", "2").await.unwrap();
    cluster.kill(primary);
    cluster.signal(backup, Signal::CONT);
    cluster.start(primary);
    assert_eq!(cluster.complete().await, primary);
    assert_eq!(cluster.client().get("k").await.unwrap().kv.unwrap().value, "2");
}

/// What was begun at a stopped primary after its successor had been switched to `sync`, and was acknowledged.
async fn acknowledged_after_the_switch() -> usize {
    let mut cluster = Cluster::new(2).await;
    let arguments = ["--execution", "async", "--first-chance-ms", "0"];
    cluster.extra = arguments.map(Into::into).into();
    cluster.start_all();
    let primary = cluster.complete().await;
    let backup = 1 - primary;
    let raw = Arc::new(Raw::connect(&cluster.replicas[primary].clients).await);
    raw.put("k", "1").await.unwrap();

    cluster.signal(primary, Signal::STOP);
    cluster.until(backup, "takes over", |s| s.role() == Role::Primary).await;
    succeed(&["mode", "--execution", "sync", "--endpoints", &cluster.replicas[backup].clients]);
    let mut puts = JoinSet::new();
    for number in 0..10 {
        let raw = raw.clone();
        puts.spawn(async move { raw.put(&format!("late/{number}"), "lost?").await.is_ok() });
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    cluster.signal(primary, Signal::CONT);
    let acknowledged = puts.join_all().await.into_iter().filter(|done| *done).count();
    cluster.until(primary, "is back as a backup", |s| s.role() == Role::Backup && s.named).await;
    acknowledged
}

#[tokio::test]
async fn a_stopped_async_primary_acknowledges_nothing_that_began_after_the_switch_to_sync() {
    for _ in 0..5 {
        assert_eq!(acknowledged_after_the_switch().await, 0);
    }
}
