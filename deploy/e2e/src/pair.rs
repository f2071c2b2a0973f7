//! The pair as its objects in the cluster show it.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::cluster::Cluster;

/// The release, and so the name of its objects.
pub const RELEASE: &str = "understudy";
/// The label that a Service's selector names a pod by.
const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";

/// A replica's pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its name: the replica's.
    pub name: String,
    /// The object's: a recreated pod has another one.
    pub uid: String,
    /// The worker that it runs on; empty while it is not scheduled.
    pub node: String,
    /// Its container as containerd knows it; empty while there is none.
    pub container: String,
    /// When that was started, seconds since 1970 as the kubelet says, whole ones; empty: it does not run.
    pub started: String,
    /// Whether it is ready and stays.
    pub ready: bool,
}

/// The pods, in the order of their names.
///
/// # Errors
/// When the API server does not say.
pub async fn pods(cluster: &Cluster) -> Result<Vec<Pod>> {
    let mut pods: Vec<Pod> = replicas(cluster).await?.iter().map(pod).collect();
    pods.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pods)
}

async fn replicas(cluster: &Cluster) -> Result<Vec<Value>> {
    let list = cluster.get(&["pods", "-l", "app.kubernetes.io/component=replica"]).await?;
    Ok(list["items"].as_array().context("a list of pods")?.clone())
}

fn pod(object: &Value) -> Pod {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let status = &object["status"];
    let container = &status["containerStatuses"][0];
    let id = text(&container["containerID"]);
    let conditions = status["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    let ready = conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
    Pod {
        name: text(&object["metadata"]["name"]),
        uid: text(&object["metadata"]["uid"]),
        node: text(&object["spec"]["nodeName"]),
        container: id.trim_start_matches("containerd://").to_owned(),
        started: text(&container["state"]["running"]["startedAt"]),
        ready: ready && object["metadata"]["deletionTimestamp"].is_null(),
    }
}

/// The pods whose container has been started again, by name.
///
/// # Errors
/// When the API server does not say.
pub async fn restarted(cluster: &Cluster) -> Result<Vec<String>> {
    let list = replicas(cluster).await?;
    let again =
        list.iter().filter(|pod| pod["status"]["containerStatuses"][0]["restartCount"] != 0);
    Ok(again.map(|pod| pod["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect())
}

/// Whose pod the Service leads to; empty: to none.
///
/// # Errors
/// When the API server does not say.
pub async fn served(cluster: &Cluster) -> Result<String> {
    let service = cluster.get(&["service", RELEASE]).await?;
    Ok(service["spec"]["selector"][POD_NAME].as_str().unwrap_or_default().to_owned())
}

/// Whether the objects show a pair in order: two ready pods, and the Service leads to `primary`.
///
/// # Errors
/// A sentence that says what is missing, or that the API server does not answer.
pub async fn in_order(cluster: &Cluster, primary: &str) -> Result<Vec<Pod>> {
    let pods = pods(cluster).await?;
    let ready: Vec<&str> = pods.iter().filter(|pod| pod.ready).map(|pod| &*pod.name).collect();
    ensure!(ready.len() == 2, "of the pods only {ready:?} are ready");
    let served = served(cluster).await?;
    ensure!(served == primary, "the Service leads to {served:?}, the primary is {primary}");
    let lease = cluster.get(&["lease", RELEASE]).await?;
    let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
    ensure!(holder == primary, "the Lease names {holder:?}, the primary is {primary}");
    Ok(pods)
}
