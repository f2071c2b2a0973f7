//! What stands between the replicas and their register, and the remedies that docs/kubernetes.md names.

use std::net::TcpListener;
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use understudy_client::proto::admin::v1::Role;

use crate::outlook::{rules, warned, well};
use crate::stage::{RECORD, Stage, stage};

const ADMISSION: &str = "admissionregistration.k8s.io";
const FLOW: &str = "flowcontrol.apiserver.k8s.io";

/// The backup wins the register, and what was written is there.
async fn takes_over(stage: &Stage, number: usize) {
    stage.cluster.until(number, "takes over", |s| s.role() == Role::Primary).await;
    let kept = stage.cluster.client().get("k").await.unwrap().kv.unwrap().value;
    assert_eq!(kept, "it serves on");
}

/// An admission that writes something else into the record, as a webhook can.
async fn change_what_is_stored(stage: &Stage) -> impl AsyncFn() + use<> {
    let name = stage.namespace.clone();
    let here = json!({"matchLabels": {"kubernetes.io/metadata.name": name}});
    let leases = json!({"apiGroups": ["coordination.k8s.io"], "apiVersions": ["v1"],
        "operations": ["UPDATE"], "resources": ["leases"]});
    let path = format!("/metadata/annotations/{}", RECORD.replace('/', "~1"));
    let patch = format!("[JSONPatch{{op: \"add\", path: \"{path}\", value: \"by a webhook\"}}]");
    let spec = json!({"failurePolicy": "Fail", "reinvocationPolicy": "Never",
        "matchConstraints": {"namespaceSelector": here, "resourceRules": [leases]},
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}]});
    let policy = json!({"metadata": {"name": name}, "spec": spec});
    stage.make_for_all(ADMISSION, "MutatingAdmissionPolicy", policy).await;
    let binding = json!({"metadata": {"name": name}, "spec": {"policyName": name}});
    let bound = stage.make_for_all(ADMISSION, "MutatingAdmissionPolicyBinding", binding).await;
    async move || drop(bound.delete(&name, &DeleteParams::default()).await.unwrap())
}

/// Seen before anything hangs on it, it costs nothing.
#[tokio::test]
async fn a_webhook_that_changes_the_record_is_seen_by_rehearsal_and_excepting_the_lease_is_enough()
{
    let Some(mut stage) = stage(&[]).await else { return };
    let (primary, backup) = stage.begin().await;
    let except_the_lease = change_what_is_stored(&stage).await;
    for number in [primary, backup] {
        warned(&stage, number, "which webhook changes it?").await;
    }
    stage.cluster.client().put("k", "it serves on").await.unwrap();
    except_the_lease().await;
    for number in [primary, backup] {
        well(&stage, number).await;
    }
    stage.cluster.kill(primary);
    takes_over(&stage, backup).await;
}

/// Not seen in time, it spoils the record: that must be put back as well.
#[tokio::test]
async fn a_record_that_a_webhook_has_changed_is_put_back() {
    let Some(mut stage) = stage(&[]).await else { return };
    let (primary, backup) = stage.begin().await;
    stage.cluster.client().put("k", "it serves on").await.unwrap();
    let record = stage.record().await;
    let except_the_lease = change_what_is_stored(&stage).await;
    warned(&stage, backup, "which webhook changes it?").await;
    stage.cluster.kill(primary);
    stage.logged(backup, "the register may not be written: the API server has stored").await;
    stage.cluster.until(backup, "waits", |s| s.reason.contains("cannot be understood")).await;
    assert_ne!(stage.cluster.status(backup).await.unwrap().role(), Role::Primary);
    except_the_lease().await;
    // The API server forgets a policy a moment later.
    while stage.record().await != record {
        stage.edit_record(&record).await;
    }
    takes_over(&stage, backup).await;
}

/// What these replicas ask about such resources goes to a level of priority; both have names.
async fn flow(stage: &Stage, name: &str, level: &str, resources: &str, precedence: u32) {
    let who = json!({"kind": "User", "user": {"name": stage.somebody()}});
    let what = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": [resources],
        "namespaces": [stage.namespace]});
    let spec = json!({"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence,
        "distinguisherMethod": {"type": "ByUser"},
        "rules": [{"subjects": [who], "resourceRules": [what]}]});
    stage.make_for_all(FLOW, "FlowSchema", json!({"metadata": {"name": name}, "spec": spec})).await;
}

/// A level that has room for one request at a time.
async fn one_at_a_time(stage: &Stage) -> String {
    let name = format!("full-{}", stage.namespace);
    let limited: Value = json!({"nominalConcurrencyShares": 0, "lendablePercent": 0,
        "borrowingLimitPercent": 0, "limitResponse": {"type": "Reject"}});
    let level =
        json!({"metadata": {"name": name}, "spec": {"type": "Limited", "limited": limited}});
    stage.make_for_all(FLOW, "PriorityLevelConfiguration", level).await;
    name
}

/// Somebody's requests that hang, each for half a minute, in a webhook that never answers.
async fn hang(stage: &Stage) -> (TcpListener, JoinSet<()>) {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", nobody.local_addr().unwrap());
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
        "resources": ["configmaps"]});
    let here = json!({"matchLabels": {"kubernetes.io/metadata.name": stage.namespace}});
    let webhook = json!({"name": "hangs.understudy.dev", "clientConfig": {"url": url},
        "rules": [rule], "namespaceSelector": here, "failurePolicy": "Ignore", "sideEffects": "None",
        "timeoutSeconds": 30, "admissionReviewVersions": ["v1"]});
    let hook = json!({"metadata": {"name": stage.namespace}, "webhooks": [webhook]});
    stage.make_for_all(ADMISSION, "ValidatingWebhookConfiguration", hook).await;
    let mut requests = JoinSet::new();
    for _ in 0..4 {
        let maps: Api<ConfigMap> = stage.all_as_somebody().await;
        requests.spawn(async move {
            let map = json!({"metadata": {"generateName": "hangs-"}});
            let map = serde_json::from_value(map).unwrap();
            loop {
                // Turned away but for one of them: the seat is taken again as soon as it is free.
                let _ = maps.create(&PostParams::default(), &map).await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
    (nobody, requests)
}

/// Priority and fairness turns the replicas away with 429, and a FlowSchema lets them in again.
#[tokio::test]
async fn a_flow_schema_helps_replicas_for_whom_the_api_server_has_no_time() {
    let Some(mut stage) = stage(&[]).await else { return };
    let mut rules = rules(&["get", "watch", "update"]);
    let maps = json!({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]});
    rules.as_array_mut().unwrap().push(maps);
    stage.restrict(rules).await;
    let (primary, backup) = stage.begin().await;
    let level = one_at_a_time(&stage).await;
    flow(&stage, &level, &level, "*", 400).await;
    let _busy = hang(&stage).await;
    for number in [primary, backup] {
        warned(&stage, number, "has too much to do to get Lease").await;
    }
    stage.cluster.client().put("k", "it serves on").await.unwrap();
    stage.cluster.kill(primary);
    stage.cluster.until(backup, "waits", |s| s.reason.contains("has too much to do")).await;
    assert_ne!(stage.cluster.status(backup).await.unwrap().role(), Role::Primary);
    // As docs/register-lease.md has it.
    flow(&stage, &stage.namespace, "leader-election", "leases", 150).await;
    takes_over(&stage, backup).await;
}
