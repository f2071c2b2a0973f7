//! The release: the chart, installed, changed and removed.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::cluster::Cluster;
use crate::pair::RELEASE;

/// What the cluster under test has room for, and its image.
const VALUES: &[&str] = &["image.tag=dev", "persistence.size=1Gi"];

/// Installs the chart, with `values` beside our own.
///
/// # Errors
/// When helm fails.
pub async fn install(cluster: &Cluster, chart: &Path, values: &[String]) -> Result<()> {
    let chart = chart.to_str().context("the chart's path is no UTF-8")?;
    let ours = VALUES.iter().map(|value| (*value).to_owned());
    let sets: Vec<String> = ours.chain(values.iter().cloned()).collect();
    let sets = sets.join(",");
    cluster.helm(&["install", RELEASE, chart, "--set", &sets]).await?;
    Ok(())
}

/// Changes values, given by helm's option `how`.
///
/// # Errors
/// When helm fails.
pub async fn change(cluster: &Cluster, chart: &Path, how: &str, values: &str) -> Result<()> {
    let chart = chart.to_str().context("the chart's path is no UTF-8")?;
    cluster.helm(&["upgrade", RELEASE, chart, "--reuse-values", how, values]).await.map(drop)
}

/// Changes values, and waits until every pod has them.
///
/// # Errors
/// When helm fails, or the pods do not follow within two minutes.
pub async fn upgrade(cluster: &Cluster, chart: &Path, how: &str, values: &str) -> Result<()> {
    change(cluster, chart, how, values).await?;
    rolled_out(cluster).await
}

/// Goes back to the values of the revision before, and waits until every pod has them.
///
/// # Errors
/// As for [`upgrade`].
pub async fn roll_back(cluster: &Cluster) -> Result<()> {
    cluster.helm(&["rollback", RELEASE]).await?;
    rolled_out(cluster).await
}

async fn rolled_out(cluster: &Cluster) -> Result<()> {
    let set = format!("statefulset/{RELEASE}");
    cluster.kubectl(&["rollout", "status", &set, "--timeout=120s"]).await?;
    Ok(())
}
