//! The Service follows the primary, and nothing else.

use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use kube::api::DeleteParams;
use rustix::process::Signal;
use serde_json::json;
use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::progress;
use crate::harness::judge::flawless;
use crate::stage::{EPOCH, NAME, POD, Stage, stage};

/// Long enough for a watch to have told a replica what it would act upon.
const QUIET: Duration = Duration::from_millis(700);

async fn led() -> Option<(Stage, usize, usize)> {
    let mut stage = stage(&["--service", NAME]).await?;
    let (primary, backup) = stage.begin().await;
    stage.until_leads_to(primary).await;
    Some((stage, primary, backup))
}

#[tokio::test]
async fn it_follows_handovers_and_kills_under_load() {
    let Some((mut stage, primary, backup)) = led().await else { return };
    let load = stage.cluster.load(4);
    progress(&load, 100).await;
    stage.cluster.client().hand_over("").await.unwrap();
    stage.until_leads_to(backup).await;
    assert_eq!(stage.cluster.complete().await, backup);
    stage.cluster.kill(backup);
    stage.until_leads_to(primary).await;
    progress(&load, 100).await;
    stage.cluster.start(backup);
    stage.cluster.complete().await;
    stage.cluster.signal(primary, Signal::TERM);
    stage.until_leads_to(backup).await;
    progress(&load, 100).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn what_people_change_is_put_back_but_a_higher_epoch_is_left_alone() {
    let Some((stage, primary, _)) = led().await else { return };
    stage.edit_service(json!({"spec": {"selector": {POD: "somebody-else"}}})).await;
    stage.until_leads_to(primary).await;
    stage.edit_service(json!({"spec": {"selector": {"app": "x"}}})).await;
    stage.until_leads_to(primary).await;
    stage.edit_service(json!({"metadata": {"annotations": {EPOCH: null}}})).await;
    stage.until_leads_to(primary).await;

    let newer = json!({
        "metadata": {"annotations": {EPOCH: "1000"}},
        "spec": {"selector": {POD: "somebody-else"}},
    });
    stage.edit_service(newer).await;
    tokio::time::sleep(QUIET).await;
    let left = (Some("somebody-else".to_owned()), Some("1000".to_owned()));
    assert_eq!(stage.pointer().await, left);
    // The remedy of the line in the log.
    stage.edit_service(json!({"metadata": {"annotations": {EPOCH: null}}})).await;
    stage.until_leads_to(primary).await;
}

#[tokio::test]
async fn a_deleted_service_is_waited_for_with_a_warning_and_nothing_else_suffers() {
    let Some((stage, primary, _)) = led().await else { return };
    let load = stage.cluster.load(4);
    stage.all::<Service>().delete(NAME, &DeleteParams::default()).await.unwrap();
    stage.logged(primary, "there is no Service").await;
    progress(&load, 100).await;
    stage.make_service().await;
    stage.until_leads_to(primary).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn a_primary_that_slept_through_its_end_never_points_it_back() {
    let Some((stage, primary, backup)) = led().await else { return };
    stage.cluster.signal(primary, Signal::STOP);
    stage.until_leads_to(backup).await;
    let after = stage.pointer().await;
    // Somebody gives the sleeper a reason to write at once when it wakes.
    stage.edit_service(json!({"metadata": {"labels": {"edited": "yes"}}})).await;
    stage.cluster.signal(primary, Signal::CONT);
    stage.cluster.until(primary, "follows", |status| status.role() == Role::Backup).await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(stage.pointer().await, after);
}

/// Everything that the chart's Role allows, and no more.
#[tokio::test]
async fn the_charts_role_is_enough_and_without_a_verb_on_the_service_the_log_names_it() {
    let rules = |verbs: serde_json::Value| {
        json!([
            {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
             "resourceNames": [NAME], "verbs": ["get", "watch", "update"]},
            {"apiGroups": [""], "resources": ["services"], "resourceNames": [NAME], "verbs": verbs},
        ])
    };
    let Some(mut allowed) = stage(&["--service", NAME]).await else { return };
    allowed.restrict(rules(json!(["get", "watch", "update"]))).await;
    let (primary, _) = allowed.begin().await;
    allowed.until_leads_to(primary).await;
    allowed.edit_service(json!({"spec": {"selector": {"app": "x"}}})).await;
    allowed.until_leads_to(primary).await;
    drop(allowed);

    for (verbs, lacking) in
        [(json!(["watch", "update"]), "get"), (json!(["get", "watch"]), "update")]
    {
        let Some(mut stage) = stage(&["--service", NAME]).await else { return };
        stage.restrict(rules(verbs)).await;
        let (primary, _) = stage.begin().await;
        stage.logged(primary, &format!("a Role must allow \"{lacking}\" on services")).await;
        stage.cluster.client().put("k", "v").await.unwrap();
        assert_eq!(stage.pointer().await, (None, None));
    }
    let Some(mut stage) = stage(&["--service", NAME]).await else { return };
    stage.restrict(rules(json!(["get", "update"]))).await;
    let (primary, _) = stage.begin().await;
    stage.until_leads_to(primary).await;
    stage.logged(primary, "a Role must allow \"watch\" on services").await;
}

/// The same for the register.
#[tokio::test]
async fn without_a_verb_on_the_lease_the_log_names_it() {
    for (verbs, lacking) in
        [(["watch", "update"], "get"), (["get", "watch"], "update"), (["get", "update"], "watch")]
    {
        let Some(mut stage) = stage(&[]).await else { return };
        stage
            .restrict(json!([{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
                "resourceNames": [NAME], "verbs": verbs}]))
            .await;
        let why = format!("a Role must allow {lacking:?} on leases named {NAME:?}");
        stage.cluster.start_all();
        // Only one of them tries to write: the first by name founds the cluster.
        stage.logged(0, &why).await;
        if lacking == "watch" {
            stage.cluster.complete().await;
        }
    }
}
