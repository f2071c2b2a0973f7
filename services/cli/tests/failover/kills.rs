//! Processes that are killed with -9.

use std::time::Duration;

use rustix::process::Signal;
use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::{Cluster, progress};
use crate::harness::judge::{consistent, flawless};
use crate::{CLIENTS, SOME};

#[tokio::test]
async fn kill_9_of_the_primary_loses_nothing_and_fails_nothing() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let load = cluster.load(CLIENTS);
    progress(&load, SOME).await;
    cluster.kill(primary);
    cluster.until(backup, "takes over", |s| s.role() == Role::Primary).await;
    progress(&load, SOME).await;
    cluster.start(primary);
    assert_eq!(cluster.complete().await, backup, "the old primary comes back as a backup");
    cluster.kill(backup);
    cluster.until(primary, "takes over again", |s| s.role() == Role::Primary).await;
    progress(&load, SOME).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn kill_9_of_the_backup_is_not_noticed_by_clients() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let load = cluster.load(CLIENTS);
    progress(&load, SOME).await;
    let before = cluster.status(primary).await.unwrap();
    cluster.kill(backup);
    cluster.until(primary, "serves alone", |s| s.members.len() == 1).await;
    progress(&load, SOME).await;
    cluster.start(backup);
    assert_eq!(cluster.complete().await, primary);
    progress(&load, SOME).await;
    flawless(&load.finish().await);
    let after = cluster.status(primary).await.unwrap();
    assert_eq!((after.life, after.pid), (before.life, before.pid), "the primary lived on");
}

#[tokio::test]
async fn kill_9_of_both_at_once_loses_nothing_acknowledged() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let load = cluster.load(CLIENTS);
    progress(&load, SOME).await;
    cluster.signal(primary, Signal::KILL);
    cluster.signal(backup, Signal::KILL);
    for number in [primary, backup] {
        cluster.replicas[number].ended().await;
        cluster.start(number);
    }
    cluster.complete().await;
    progress(&load, SOME).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn kills_of_anyone_at_any_time_lose_nothing() {
    let (mut cluster, _, _) = Cluster::pair().await;
    let load = cluster.load(CLIENTS);
    for round in 0..6 {
        progress(&load, SOME / 4).await;
        let victim = fastrand::usize(0..2);
        println!("round {round}: kill {}", cluster.replicas[victim].name);
        cluster.kill(victim);
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..300))).await;
        cluster.start(victim);
    }
    cluster.complete().await;
    progress(&load, SOME).await;
    consistent(&load.finish().await);
}

#[tokio::test]
async fn a_failover_waits_for_the_register_and_completes_when_it_is_back() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let load = cluster.load(CLIENTS);
    progress(&load, SOME).await;
    let away = cluster.dir.path().join("away");
    std::fs::rename(&cluster.register, &away).unwrap();
    progress(&load, SOME).await;

    cluster.kill(primary);
    let waiting = cluster
        .until(backup, "says that it waits for the register", |s| s.reason.contains("register"))
        .await;
    assert_ne!(waiting.role(), Role::Primary);
    // Much longer than a failover takes: it must not guess.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_ne!(cluster.status(backup).await.unwrap().role(), Role::Primary);
    let answered = load.answered();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(load.answered(), answered, "nobody may answer");

    std::fs::rename(&away, &cluster.register).unwrap();
    cluster.until(backup, "takes over", |s| s.role() == Role::Primary).await;
    progress(&load, SOME).await;
    flawless(&load.finish().await);
}
