//! Without a right everything says which one is lacking, and nothing breaks.

use std::time::Duration;

use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::Config;
use kube::api::{Api, PostParams};
use serde_json::json;
use tokio::time::timeout;
use understudy_arbiter::Arbiter;
use understudy_protocol::{RegisterFailure, WriteAnswer};

use crate::cluster::{Cluster, NAMESPACE, cluster};
use crate::common::{advance, next};

/// Somebody who has exactly these verbs on exactly this Lease.
async fn somebody(cluster: &Cluster, verbs: &[&str]) -> Config {
    let name = format!("{}-{}", cluster.name, verbs.join("-"));
    let role = json!({
        "metadata": {"name": name},
        "rules": [{
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": [cluster.name],
            "verbs": verbs,
        }],
    });
    let binding = json!({
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}],
    });
    let roles: Api<Role> = Api::namespaced(cluster.client.clone(), NAMESPACE);
    let bindings: Api<RoleBinding> = Api::namespaced(cluster.client.clone(), NAMESPACE);
    let parameters = PostParams::default();
    roles.create(&parameters, &serde_json::from_value(role).unwrap()).await.unwrap();
    bindings.create(&parameters, &serde_json::from_value(binding).unwrap()).await.unwrap();
    let mut config = cluster.config.clone();
    config.auth_info.impersonate = Some(name);
    config
}

/// The API server learns of a new Role a moment later.
async fn settled(cluster: &Cluster, config: &Config) {
    for _ in 0..200 {
        if cluster.register_as(config.clone()).read().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the Role never counts");
}

#[tokio::test]
async fn three_verbs_on_this_lease_are_enough() {
    let Some(cluster) = cluster().await else { return };
    let config = somebody(&cluster, &["get", "watch", "update"]).await;
    settled(&cluster, &config).await;
    let register = cluster.register_as(config);
    advance(&register, 2).await;
    let other = cluster.register();
    let changed = timeout(Duration::from_secs(60), register.changed());
    let (noticed, _) = tokio::join!(changed, async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        advance(&other, 1).await
    });
    noticed.unwrap();
    // Nothing more is allowed, and nothing else was needed.
    let why = register.restore(&next(&other.read().await.unwrap(), 1), None).await.unwrap_err();
    assert!(why.contains("a Role must allow \"delete\" on leases"), "{why}");
    assert!(cluster.exists().await);
}

#[tokio::test]
async fn without_get_a_read_names_the_verb() {
    let Some(cluster) = cluster().await else { return };
    let config = somebody(&cluster, &["watch", "update"]).await;
    let Err(RegisterFailure::Unreachable(why)) = cluster.register_as(config).read().await else {
        panic!("it can be read, or is missing")
    };
    let wanted = format!("a Role must allow \"get\" on leases named {:?}", cluster.name);
    assert!(why.contains(&wanted) && !why.contains('\n'), "{why}");
}

#[tokio::test]
async fn without_update_a_write_names_the_verb_and_changes_nothing() {
    let Some(cluster) = cluster().await else { return };
    let config = somebody(&cluster, &["get", "watch"]).await;
    settled(&cluster, &config).await;
    let register = cluster.register_as(config);
    let base = register.read().await.unwrap();
    let answer = register.write(&base, &next(&base, 1)).await;
    let WriteAnswer::NoAnswer(why) = answer else { panic!("{answer:?}") };
    assert!(why.contains("a Role must allow \"update\" on leases"), "{why}");
    assert_eq!(register.read().await.unwrap(), base);
}

#[tokio::test]
async fn a_check_names_the_right_that_is_lacking_and_changes_nothing() {
    let Some(cluster) = cluster().await else { return };
    let before = cluster.lease().await["metadata"]["resourceVersion"].clone();
    let config = somebody(&cluster, &["get", "watch"]).await;
    settled(&cluster, &config).await;
    let why = cluster.register_as(config).check().await.unwrap_err();
    assert!(why.contains("a Role must allow \"update\" on leases"), "{why}");
    let register = cluster.register();
    assert_eq!(register.check().await, Ok(()));
    assert_eq!(cluster.lease().await["metadata"]["resourceVersion"], before);
    cluster.annotate("nonsense").await;
    let why = register.check().await.unwrap_err();
    assert!(why.contains("cannot be understood"), "{why}");
    cluster.delete().await;
    let why = register.check().await.unwrap_err();
    assert!(why.contains("there is no Lease"), "{why}");
}

#[tokio::test]
async fn without_watch_nothing_is_noticed_and_all_else_works() {
    let Some(cluster) = cluster().await else { return };
    let config = somebody(&cluster, &["get", "update"]).await;
    settled(&cluster, &config).await;
    let register = cluster.register_as(config);
    let quiet = timeout(Duration::from_secs(1), register.changed()).await;
    assert!(quiet.is_err());
    advance(&register, 1).await;
}

#[tokio::test]
async fn a_stranger_reads_nothing_and_is_told_why() {
    let Some(cluster) = cluster().await else { return };
    let mut config = cluster.config.clone();
    config.auth_info = Default::default();
    let Err(RegisterFailure::Unreachable(why)) = cluster.register_as(config).read().await else {
        panic!("it can be read, or is missing")
    };
    assert!(why.contains("\"get\"") || why.contains("does not know who asks"), "{why}");
}
