//! What would keep a replica from taking over is seen before it has to.

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Service;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::wait;
use crate::stage::{NAME, Stage, stage};

fn may(group: &str, what: &str, names: &[&str], verbs: &[&str]) -> Value {
    let mut rule = json!({"apiGroups": [group], "resources": [what], "verbs": verbs});
    if !names.is_empty() {
        rule["resourceNames"] = json!(names);
    }
    rule
}

/// The chart's rules, with these verbs on the Lease.
pub fn rules(lease: &[&str]) -> Value {
    json!([
        may("coordination.k8s.io", "leases", &[NAME], lease),
        may("", "services", &[NAME], &["get", "watch", "update"]),
        may("", "pods", &["a", "b"], &["get"]),
        may("", "events", &[], &["create"]),
    ])
}

pub async fn warned(stage: &Stage, number: usize, text: &str) {
    let what = format!("warns: {text}");
    stage.cluster.until(number, &what, |status| status.warning.contains(text)).await;
}

pub async fn well(stage: &Stage, number: usize) {
    // Rounds that fail are repeated ever later.
    for _ in 0..2 {
        let all_well = || async {
            stage.cluster.status(number).await.filter(|s| s.warning.is_empty()).map(drop)
        };
        if tokio::time::timeout(wait::BOUND, async {
            while all_well().await.is_none() {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        })
        .await
        .is_ok()
        {
            return;
        }
    }
    panic!("it still warns: {:?}", stage.cluster.status(number).await.map(|s| s.warning));
}

async fn blocked_metric(stage: &Stage, number: usize) -> Option<String> {
    let address = &stage.cluster.replicas[number].ops;
    let mut stream = tokio::net::TcpStream::connect(address).await.ok()?;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut metrics = String::new();
    stream.read_to_string(&mut metrics).await.ok()?;
    let line = metrics.lines().find(|l| l.starts_with("understudy_failover_blocked "))?;
    Some(line.rsplit(' ').next()?.to_owned())
}

#[tokio::test]
async fn a_right_that_is_taken_away_is_seen_on_both_replicas_and_again_when_it_is_back() {
    let Some(mut stage) = stage(&["--service", NAME]).await else { return };
    for number in [0, 1] {
        stage.make_pod(number).await;
    }
    stage.restrict(rules(&["get", "watch", "update"])).await;
    stage.begin().await;
    stage.allow(rules(&["get", "watch"])).await;
    for number in [0, 1] {
        warned(&stage, number, "a Role must allow \"update\" on leases").await;
        assert_eq!(blocked_metric(&stage, number).await.as_deref(), Some("1"));
        stage.logged(number, "a failover to this replica would fail now: not allowed").await;
        let name = stage.cluster.replicas[number].name.clone();
        assert!(stage.event("Pod", &name, "FailoverBlocked").await.contains("\"update\""));
    }
    let endpoints: Vec<&str> =
        stage.cluster.replicas.iter().map(|replica| replica.clients.as_str()).collect();
    let shown = stage.command(&["status", "--endpoints", &endpoints.join(",")]);
    assert!(shown.out.contains("a failover to it would fail: not allowed"), "{shown:?}");
    stage.allow(rules(&["get", "watch", "update"])).await;
    for number in [0, 1] {
        well(&stage, number).await;
        assert_eq!(blocked_metric(&stage, number).await.as_deref(), Some("0"));
    }
}

#[tokio::test]
async fn a_lease_that_is_gone_is_seen_while_the_primary_serves_on() {
    let Some(mut stage) = stage(&[]).await else { return };
    let (primary, backup) = stage.begin().await;
    stage.all::<Lease>().delete(NAME, &DeleteParams::default()).await.unwrap();
    for number in [primary, backup] {
        warned(&stage, number, "there is no Lease").await;
    }
    stage.cluster.client().put("k", "it serves on").await.unwrap();
}

#[tokio::test]
async fn a_service_that_is_gone_is_seen_by_the_backup_too() {
    let Some(mut stage) = stage(&["--service", NAME]).await else { return };
    let (_, backup) = stage.begin().await;
    stage.all::<Service>().delete(NAME, &DeleteParams::default()).await.unwrap();
    warned(&stage, backup, "there is no Service").await;
}
