//! What docs/operations.md says to do when something is wrong: the remedies that no other test plays.

use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::Cluster;
use crate::harness::command::{succeed, verified};
use crate::steps::{halted, history, mark_halted, newest, order, stop, text, value};

#[tokio::test]
async fn a_register_that_stays_damaged_is_replaced_by_order() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let id = history(&mut cluster).await;
    let (_, file) = newest(&cluster.register);
    std::fs::write(&file, b"understudy-register 1 00000000\nnonsense").unwrap();
    cluster.start_all();
    for number in [primary, backup] {
        let what = "says that it is damaged";
        cluster.until(number, what, |s| s.reason.contains("the register is damaged")).await;
    }
    stop(&mut cluster);
    order(&cluster, "only-member", primary, &id);
    order(&cluster, "accept-register", backup, &id);
    cluster.start_all();
    assert_eq!(cluster.complete().await, primary);
    assert_eq!(value(&cluster, "k").await, "v");
}

#[tokio::test]
async fn a_copy_that_loses_to_a_new_register_joins_anew() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let id = history(&mut cluster).await;
    std::fs::remove_dir_all(&cluster.register).unwrap();
    succeed(&["register", "create", text(&cluster.register)]);
    order(&cluster, "only-member", backup, &id);
    order(&cluster, "set-aside", primary, &id);
    cluster.start_all();
    assert_eq!(cluster.complete().await, backup);
    assert_eq!(value(&cluster, "k").await, "v");
}

#[tokio::test]
async fn a_replica_whose_state_differs_is_set_aside_and_joins_anew() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    cluster.client().put("k", "v").await.unwrap();
    cluster.kill(backup);
    let data = cluster.replicas[backup].data.clone();
    mark_halted(&data);
    cluster.start(backup);
    halted(&cluster, backup, "the digest differs").await;
    cluster.kill(backup);
    let before = verified(&data);
    order(&cluster, "set-aside", backup, before["cluster"].as_str().unwrap());
    cluster.start(backup);
    assert_eq!(cluster.complete().await, primary);
    let aside = verified(&data.with_extension("set-aside-1"));
    assert_eq!(aside["incarnation"], before["incarnation"], "kept for a report");
    assert_ne!(verified(&data)["incarnation"], before["incarnation"]);
}

#[tokio::test]
async fn a_dropped_copy_waits_until_the_member_is_back() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    cluster.kill(backup);
    cluster.client().put("k", "only one has it").await.unwrap();
    cluster.until(primary, "serves alone", |s| s.members.len() == 1).await;
    cluster.kill(primary);
    cluster.start(backup);
    let what = "says why it waits";
    let waits = cluster.until(backup, what, |s| s.reason.contains("does not name this copy")).await;
    assert_ne!(waits.role(), Role::Primary);
    cluster.start(primary);
    assert_eq!(cluster.complete().await, primary);
    assert_eq!(value(&cluster, "k").await, "only one has it");
}
