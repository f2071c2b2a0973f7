//! The ground of a run: a namespace, the release in it, and a worker beside it for the clients.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::pair::RELEASE;
use crate::pair::in_order;
use crate::release;
use crate::scene::Interrupt;

const PATIENCE: Duration = Duration::from_secs(120);
const DNS: [&str; 2] = ["-n", "kube-system"];
/// As the development cluster has it.
const DNS_PODS: u32 = 2;

/// Lays it, from whatever a former run has left. Gives the worker that hosts no replica.
///
/// DNS is moved there, too: it is not what is tested, and names resolved by a worker that is dead
/// or cut off would cost each caller 5 s.
///
/// # Errors
/// When the cluster does not do as it is told, or the pair is not whole within two minutes.
pub async fn lay(
    cluster: &Cluster,
    chart: &Path,
    values: &[String],
    interrupt: &Interrupt,
) -> Result<String> {
    clear(cluster).await?;
    let outside = outside(cluster, interrupt).await?;
    cluster.kubectl(&["cordon", &outside]).await?;
    cluster.script("volumes", &["2"]).await?;
    cluster.kubectl(&["create", "namespace", &cluster.namespace]).await?;
    release::install(cluster, chart, values).await?;
    interrupt
        .until(PATIENCE, async || {
            let lease = cluster.get(&["lease", RELEASE]).await?;
            let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned();
            ensure!(!holder.is_empty(), "the Lease names nobody");
            in_order(cluster, &holder).await
        })
        .await
        .context("the pair just installed")?;
    Ok(outside)
}

/// Leaves the cluster as it was found.
///
/// # Errors
/// When the cluster does not do as it is told.
pub async fn leave(cluster: &Cluster) -> Result<()> {
    clear(cluster).await?;
    scale_dns(cluster, DNS_PODS).await
}

/// Removes the namespace, and lets pods come to every worker again.
async fn clear(cluster: &Cluster) -> Result<()> {
    let namespace = &cluster.namespace;
    cluster.kubectl(&["delete", "namespace", namespace, "--ignore-not-found"]).await?;
    for node in names(&cluster.get(&["nodes"]).await?) {
        cluster.kubectl(&["uncordon", &node]).await?;
    }
    Ok(())
}

/// The worker on which DNS runs, alone.
async fn outside(cluster: &Cluster, interrupt: &Interrupt) -> Result<String> {
    scale_dns(cluster, 1).await?;
    interrupt
        .until(PATIENCE, async || {
            let pods =
                cluster.get(&[&["pods", "-l", "k8s-app=kube-dns"], &DNS[..]].concat()).await?;
            let pods = pods["items"].as_array().map_or(&[][..], Vec::as_slice);
            let [pod] = pods else { return Err(anyhow!("{} pods of DNS", pods.len())) };
            ensure!(pod["status"]["containerStatuses"][0]["ready"] == true, "DNS is not ready");
            let node = pod["spec"]["nodeName"].as_str().context("DNS is not scheduled")?;
            Ok(node.to_owned())
        })
        .await
}

async fn scale_dns(cluster: &Cluster, pods: u32) -> Result<()> {
    let replicas = format!("--replicas={pods}");
    cluster
        .kubectl(&[&DNS[..], &["scale", "deployment/coredns", &replicas]].concat())
        .await
        .map(drop)
}

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(|item| Some(item["metadata"]["name"].as_str()?.to_owned())).collect()
}
