//! Registers that are not what they were, and orders about them.

use std::time::Duration;

use understudy_arbiter::DirectoryRegister;
use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::{Cluster, progress};
use crate::harness::command::{copy, refuse, succeed, understudy, verified};
use crate::harness::judge::flawless;
use crate::steps::{halted, history, newest, order, stop, text, uri, value};

#[tokio::test]
async fn a_damaged_register_stops_transitions_but_not_the_primary() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let load = cluster.load(4);
    progress(&load, 100).await;
    let (_, file) = newest(&cluster.register);
    let good = std::fs::read(&file).unwrap();
    std::fs::write(&file, b"understudy-register 1 00000000\nnonsense").unwrap();
    progress(&load, 100).await;
    cluster.kill(primary);
    cluster.until(backup, "says why it waits", |s| s.reason.contains("damaged")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_ne!(cluster.status(backup).await.unwrap().role(), Role::Primary);
    std::fs::write(&file, good).unwrap();
    cluster.until(backup, "takes over", |s| s.role() == Role::Primary).await;
    progress(&load, 100).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn a_blank_register_serves_no_data_until_a_copy_is_ordered_to_be_the_only_member() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let id = history(&mut cluster).await;
    std::fs::remove_dir_all(&cluster.register).unwrap();
    succeed(&["register", "create", text(&cluster.register)]);
    cluster.start_all();
    halted(&cluster, primary, "recover").await;
    halted(&cluster, backup, "recover").await;
    stop(&mut cluster);

    let register = uri(&cluster.register);
    let data = |number: usize| text(&cluster.replicas[number].data).to_owned();
    let only = ["recover", "only-member", "--data", &data(primary), "--register", &register];
    refuse(&only, "nobody to ask");
    succeed(&[&only[..], &["--yes", &id]].concat());
    let accept = ["recover", "accept-register", "--data", &data(backup), "--register", &register];
    succeed(&[&accept[..], &["--yes", &id]].concat());
    cluster.start_all();
    assert_eq!(cluster.complete().await, primary);
    assert_eq!(value(&cluster, "k").await, "v");
}

#[tokio::test]
async fn a_register_that_is_gone_is_made_anew_by_order_only() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let id = history(&mut cluster).await;
    std::fs::remove_dir_all(&cluster.register).unwrap();
    cluster.start_all();
    for number in [primary, backup] {
        cluster.until(number, "says why", |s| s.reason.contains("there is no register")).await;
    }
    stop(&mut cluster);
    order(&cluster, "only-member", backup, &id);
    // The other one gives its copy up.
    order(&cluster, "set-aside", primary, &id);
    assert!(cluster.replicas[primary].data.with_extension("set-aside-1").exists());
    cluster.start_all();
    assert_eq!(cluster.complete().await, backup);
    assert_eq!(value(&cluster, "k").await, "v");
}

#[tokio::test]
async fn a_register_restored_from_an_older_copy_halts_everyone() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let saved = cluster.dir.path().join("saved");
    copy(&cluster.register, &saved);
    cluster.client().hand_over("").await.unwrap();
    assert_eq!(cluster.complete().await, backup);
    let id = history(&mut cluster).await;
    std::fs::remove_dir_all(&cluster.register).unwrap();
    std::fs::rename(&saved, &cluster.register).unwrap();
    cluster.start_all();
    halted(&cluster, primary, "restored from an older copy").await;
    halted(&cluster, backup, "restored from an older copy").await;
    stop(&mut cluster);
    order(&cluster, "only-member", backup, &id);
    order(&cluster, "accept-register", primary, &id);
    cluster.start_all();
    assert_eq!(cluster.complete().await, backup);
    assert_eq!(value(&cluster, "k").await, "v");
}

#[tokio::test]
async fn a_dropped_copy_serves_only_by_order_when_the_last_member_is_gone_for_good() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    cluster.client().put("k", "both have it").await.unwrap();
    cluster.kill(backup);
    cluster.client().put("k", "only one has it").await.unwrap();
    cluster.until(primary, "serves alone", |s| s.members.len() == 1).await;
    cluster.kill(primary);
    std::fs::remove_dir_all(&cluster.replicas[primary].data).unwrap();
    cluster.start(backup);
    let waiting = cluster
        .until(backup, "says why it waits", |s| s.reason.contains("does not name this copy"))
        .await;
    assert_ne!(waiting.role(), Role::Primary);
    cluster.kill(backup);

    let data = text(&cluster.replicas[backup].data).to_owned();
    let id = verified(&cluster.replicas[backup].data)["cluster"].as_str().unwrap().to_owned();
    let register = uri(&cluster.register);
    let order = ["recover", "only-member", "--data", &data, "--register", &register, "--yes", &id];
    let told = understudy(&order);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.err.contains("every acknowledged write after entry"), "{told:?}");
    cluster.start_all();
    assert_eq!(cluster.complete().await, backup);
    assert_eq!(value(&cluster, "k").await, "both have it");
}

#[tokio::test]
async fn a_register_is_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let register = dir.path().join("r");
    succeed(&["register", "create", text(&register)]);
    refuse(&["register", "create", text(&register)], "has a register already");
    assert!(DirectoryRegister::create(&register).is_err());
}
