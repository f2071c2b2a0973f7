//! Remedies that docs/kubernetes.md and docs/register-lease.md name, each after what makes it necessary.

use std::path::Path;

use k8s_openapi::api::coordination::v1::Lease;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::json;
use understudy_client::proto::admin::v1::Role;

use crate::harness::command::{copy, verified};
use crate::orders::succeed;
use crate::stage::{NAME, stage};

#[tokio::test]
async fn a_lease_of_a_newer_format_is_waited_for_until_it_can_be_read() {
    let Some(mut stage) = stage(&[]).await else { return };
    let (primary, backup) = stage.begin().await;
    let record = stage.record().await;
    let newer = record.replacen("\"format\":1", "\"format\":2", 1);
    assert_ne!(newer, record);
    stage.edit_record(&newer).await;
    stage.cluster.client().put("k", "it serves on").await.unwrap();
    stage.cluster.kill(primary);
    stage.cluster.until(backup, "waits", |s| s.reason.contains("is of a newer format")).await;
    assert_ne!(stage.cluster.status(backup).await.unwrap().role(), Role::Primary);
    // As a newer program finds it.
    stage.edit_record(&record).await;
    stage.cluster.until(backup, "takes over", |s| s.role() == Role::Primary).await;
    assert!(stage.cluster.client().get("k").await.unwrap().kv.is_some());
}

/// A policy has taken the mount away.
#[tokio::test]
async fn a_replica_without_a_token_says_so_and_ends_and_begins_with_one() {
    let Some(mut stage) = stage(&[]).await else { return };
    for number in [0, 1] {
        let token = stage.cluster.replicas[number].kubeconfig.take();
        stage.cluster.start(number);
        let ended = stage.cluster.replicas[number].ended().await;
        assert_eq!(ended.code(), Some(1));
        let log = stage.cluster.replicas[number].logged();
        let says = format!("register {}: no Kubernetes cluster is known here", stage.uri());
        assert!(log.lines().last().unwrap().contains(&says), "{says:?} in {log}");
        stage.cluster.replicas[number].kubeconfig = token;
    }
    stage.begin().await;
}

/// Another program elects its leader with the Lease: nobody takes it from it.
#[tokio::test]
async fn a_name_that_another_program_uses_is_left_to_it_and_another_one_is_used() {
    let Some(mut stage) = stage(&[]).await else { return };
    let election = json!({"spec": {"holderIdentity": "somebody", "leaseDurationSeconds": 15}});
    let patch = Patch::Merge(election);
    stage.all::<Lease>().patch(NAME, &PatchParams::default(), &patch).await.unwrap();
    stage.cluster.start_all();
    for number in [0, 1] {
        stage
            .cluster
            .until(number, "waits", |s| s.reason.contains("another program uses it"))
            .await;
        stage.cluster.kill(number);
    }
    let theirs = stage.all::<Lease>().get(NAME).await.unwrap();
    assert_eq!(theirs.spec.unwrap().holder_identity.as_deref(), Some("somebody"));
    let another = format!("lease:{}/another", stage.namespace);
    succeed(&stage, &["register", "create", &another]);
    stage.cluster.lease = Some(another);
    stage.begin().await;
}

/// Moved away and back as files, it is another directory.
fn restore_from_a_snapshot(data: &Path) {
    let original = data.with_extension("original");
    std::fs::rename(data, &original).unwrap();
    copy(&original, data);
    std::fs::remove_dir_all(&original).unwrap();
}

/// A backup tool makes every object and every volume anew: the Lease has another uid, and both volumes
/// are copies.
#[tokio::test]
async fn what_a_backup_tool_has_restored_is_accepted_by_order() {
    let Some(mut stage) = stage(&[]).await else { return };
    let (best, other) = stage.begin().await;
    stage.cluster.client().put("k", "v").await.unwrap();
    let mut saved = stage.all::<Lease>().get(NAME).await.unwrap();
    for number in [other, best] {
        stage.cluster.kill(number);
        restore_from_a_snapshot(&stage.cluster.replicas[number].data);
    }
    let leases = stage.all::<Lease>();
    let forget = async || leases.delete(NAME, &DeleteParams::default()).await.map(drop).unwrap();
    forget().await;
    (saved.metadata.uid, saved.metadata.resource_version) = (None, None);
    saved.managed_fields_mut().clear();
    leases.create(&PostParams::default(), &saved).await.unwrap();
    stage.cluster.start_all();
    for number in [0, 1] {
        assert_eq!(stage.cluster.replicas[number].ended().await.code(), Some(1));
        let log = stage.cluster.replicas[number].logged();
        assert!(log.lines().last().unwrap().contains("was copied or restored"), "{log}");
    }

    let data = |n: usize| stage.cluster.replicas[n].data.to_str().unwrap().to_owned();
    let id = verified(&stage.cluster.replicas[best].data)["cluster"].as_str().unwrap().to_owned();
    let order = |order: &str, number: usize, more: &[&str]| {
        let data = data(number);
        let about = ["recover", order, "--data", &data, "--yes", &id];
        succeed(&stage, &[&about[..], more].concat())
    };
    order("accept-copy", best, &[]);
    forget().await;
    stage.make_lease().await;
    let uri = stage.uri();
    order("only-member", best, &["--register", &uri]);
    order("set-aside", other, &["--register", &uri]);
    stage.cluster.start_all();
    assert_eq!(stage.cluster.complete().await, best);
    assert_eq!(stage.cluster.client().get("k").await.unwrap().kv.unwrap().value, "v");
}
