//! Leases that are lost, blank or damaged, and orders about them.

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::DeleteParams;
use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::progress;
use crate::harness::command::verified;
use crate::harness::judge::flawless;
use crate::stage::{NAME, Stage, stage};

pub fn succeed(stage: &Stage, arguments: &[&str]) -> String {
    let ended = stage.command(arguments);
    assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
    ended.out
}

async fn delete(stage: &Stage) {
    stage.all::<Lease>().delete(NAME, &DeleteParams::default()).await.unwrap();
}

fn data(stage: &Stage, number: usize) -> String {
    stage.cluster.replicas[number].data.to_str().unwrap().to_owned()
}

/// Orders that primary and then the other one accept a new register.
fn recover(stage: &Stage, primary: usize) -> String {
    let id =
        verified(&stage.cluster.replicas[primary].data)["cluster"].as_str().unwrap().to_owned();
    let order = |order: &str, number: usize| {
        let data = data(stage, number);
        let uri = stage.uri();
        succeed(stage, &["recover", order, "--data", &data, "--register", &uri, "--yes", &id])
    };
    let told = order("only-member", primary);
    order("accept-register", 1 - primary);
    told
}

#[tokio::test]
async fn a_lease_that_is_deleted_costs_nothing_until_something_changes_hands() {
    let Some(mut stage) = stage(&[]).await else { return };
    let (primary, backup) = stage.begin().await;
    let load = stage.cluster.load(4);
    progress(&load, 100).await;
    delete(&stage).await;
    progress(&load, 100).await;
    stage.cluster.kill(primary);
    stage
        .cluster
        .until(backup, "says why it waits", |s| s.reason.contains("there is no Lease"))
        .await;
    assert_ne!(stage.cluster.status(backup).await.unwrap().role(), Role::Primary);
    assert!(
        stage.all::<Lease>().get_opt(NAME).await.unwrap().is_none(),
        "nobody makes another one"
    );
    stage.cluster.kill(backup);

    let told = recover(&stage, backup);
    assert!(told.contains("made a new register"), "{told}");
    stage.cluster.start_all();
    assert_eq!(stage.cluster.complete().await, backup);
    flawless(&load.finish().await);
}

#[tokio::test]
async fn a_blank_lease_with_old_data_stops_everyone_until_it_is_ordered() {
    let Some(mut stage) = stage(&[]).await else { return };
    let (primary, _) = stage.begin().await;
    stage.cluster.client().put("k", "v").await.unwrap();
    delete(&stage).await;
    stage.make_lease().await;
    for number in [0, 1] {
        stage.cluster.kill(number);
    }
    stage.cluster.start_all();
    for number in [0, 1] {
        let halted = stage.cluster.until(number, "halts", |s| s.role() == Role::Halted).await;
        assert!(halted.reason.contains("recover"), "{}", halted.reason);
        stage.cluster.kill(number);
    }
    let told = recover(&stage, primary);
    assert!(!told.contains("the old Lease was"), "a blank one is used as it is: {told}");
    stage.cluster.start_all();
    assert_eq!(stage.cluster.complete().await, primary);
    assert_eq!(stage.cluster.client().get("k").await.unwrap().kv.unwrap().value, "v");
}

#[tokio::test]
async fn a_damaged_lease_is_replaced_by_order_and_its_text_is_told() {
    let Some(mut stage) = stage(&[]).await else { return };
    let (primary, backup) = stage.begin().await;
    stage.cluster.kill(backup);
    stage.cluster.kill(primary);
    stage.edit_record("nonsense").await;
    stage.cluster.start_all();
    stage.cluster.until(primary, "says why", |s| s.reason.contains("cannot be understood")).await;
    for number in [0, 1] {
        stage.cluster.kill(number);
    }
    let told = recover(&stage, primary);
    assert!(told.contains("the old Lease was") && told.contains("nonsense"), "{told}");
    stage.cluster.start_all();
    assert_eq!(stage.cluster.complete().await, primary);
}

#[tokio::test]
async fn registers_are_made_once_and_shown() {
    let Some(stage) = stage(&[]).await else { return };
    let uri = format!("lease:{}/another", stage.namespace);
    let missing = stage.command(&["register", "show", &uri]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.err.contains("there is no register"), "{missing:?}");
    assert!(succeed(&stage, &["register", "create", &uri]).starts_with("made register "));
    assert!(succeed(&stage, &["register", "show", &uri]).contains("blank"));
    let twice = stage.command(&["register", "create", &uri]);
    assert!(twice.code == Some(1) && twice.err.contains("already"), "{twice:?}");
    let wrong = stage.command(&["register", "show", "lease:A/b"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}

#[tokio::test]
async fn what_a_running_pair_has_written_is_shown() {
    let Some(mut stage) = stage(&[]).await else { return };
    let (primary, _) = stage.begin().await;
    let uri = stage.uri();
    let text = succeed(&stage, &["register", "show", &uri]);
    assert!(text.contains(&format!("primary  {}", stage.cluster.replicas[primary].name)), "{text}");
    let shown = succeed(&stage, &["register", "show", &uri, "--output", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let status = stage.cluster.status(primary).await.unwrap();
    assert_eq!(shown["record"]["epoch"], status.epoch);
    assert_eq!(shown["record"]["members"].as_array().unwrap().len(), 2);
}
