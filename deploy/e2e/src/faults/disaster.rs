//! The Lease lost or put back: only a written order helps. docs/kubernetes.md tells a person the same steps.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use serde_json::Value;

use super::Fault;
use crate::pair::{Pod, RELEASE, pods};
use crate::release;
use crate::scene::Scene;

/// The Lease deleted.
pub struct LeaseDelete;
/// The Lease put back to what it said before a change of members.
pub struct LeaseRestore;

/// Where a replica's pod has its data.
const DATA: &str = "/data/replica";
const PATIENCE: Duration = Duration::from_secs(60);

#[async_trait(?Send)]
impl Fault for LeaseDelete {
    fn name(&self) -> &'static str {
        "lease-delete"
    }

    fn about(&self) -> &'static str {
        "the Lease deleted; after 10 s recovered by `understudy recover`, the pods stopped for it"
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        scene.cluster.kubectl(&["delete", "lease", RELEASE]).await.map(drop)
    }

    fn lasts(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn needs_repair(&self) -> bool {
        true
    }

    async fn repair(&self, scene: &Scene) -> Result<()> {
        recover(scene).await
    }
}

#[async_trait(?Send)]
impl Fault for LeaseRestore {
    fn name(&self) -> &'static str {
        "lease-restore"
    }

    fn about(&self) -> &'static str {
        "the Lease put back to what it said before the backup was replaced; recovered by `understudy recover`"
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        let mut old = scene.cluster.get(&["lease", RELEASE]).await?;
        let epoch = old["spec"]["leaseTransitions"].clone();
        scene.cluster.kubectl(&["delete", "pod", &scene.backup()?.name]).await?;
        let newer = async || {
            let lease = scene.cluster.get(&["lease", RELEASE]).await?;
            ensure!(lease["spec"]["leaseTransitions"] != epoch, "the Lease did not change");
            Ok(lease["metadata"]["resourceVersion"].clone())
        };
        scene.interrupt.until(PATIENCE, newer).await?;
        scene.interrupt.until(PATIENCE, async || all_ready(scene).await).await?;
        // Over whatever it says now.
        if let Some(metadata) = old["metadata"].as_object_mut() {
            metadata.remove("resourceVersion");
        }
        let file =
            std::env::temp_dir().join(format!("understudy-e2e-lease-{}", std::process::id()));
        fs::write(&file, old.to_string())?;
        let path = file.to_str().context("the temporary directory's path is no UTF-8")?;
        let replaced = scene.cluster.kubectl(&["replace", "-f", path]).await;
        fs::remove_file(&file)?;
        replaced.map(drop)
    }

    fn lasts(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn needs_repair(&self) -> bool {
        true
    }

    async fn repair(&self, scene: &Scene) -> Result<()> {
        recover(scene).await
    }
}

async fn all_ready(scene: &Scene) -> Result<()> {
    let pods = pods(&scene.cluster).await?;
    ensure!(pods.iter().filter(|pod| pod.ready).count() == 2, "a pod is not ready");
    Ok(())
}

/// What `understudy verify` says of a copy.
struct Copy {
    pod: String,
    cluster: String,
    epoch: u64,
    last: u64,
}

/// The written order: stops both replicas, makes the best copy the only member, has the other one
/// accept that, and lets both serve again.
async fn recover(scene: &Scene) -> Result<()> {
    // What a Lease put back says must be believed by nobody: helm makes another one, blank.
    scene.cluster.kubectl(&["delete", "lease", RELEASE, "--ignore-not-found"]).await?;
    release::upgrade(&scene.cluster, &scene.chart, "--set", "maintenance=true").await?;
    let mut copies = Vec::new();
    for Pod { name, .. } in pods(&scene.cluster).await? {
        let said = order(scene, &name, &["verify", DATA, "--output", "json"]).await?;
        let said: Value = serde_json::from_str(&said).context("understudy verify")?;
        let number = |value: &Value| value.as_u64().unwrap_or(0);
        copies.push(Copy {
            pod: name,
            cluster: said["cluster"].as_str().unwrap_or_default().to_owned(),
            epoch: number(&said["epoch"]),
            last: number(&said["last"]),
        });
    }
    copies.sort_by_key(|copy| (copy.epoch, copy.last));
    let best = copies.pop().context("there is no copy")?;
    let register = format!("lease:{}/{RELEASE}", scene.cluster.namespace);
    let about = ["--data", DATA, "--register", &register, "--yes", &best.cluster];
    order(scene, &best.pod, &[&["recover", "only-member"], &about[..]].concat()).await?;
    for copy in copies {
        order(scene, &copy.pod, &[&["recover", "accept-register"], &about[..]].concat()).await?;
    }
    // A rolling update would wait for the first pod to be ready, which waits for the second.
    release::change(&scene.cluster, &scene.chart, "--set", "maintenance=false").await?;
    let all: Vec<String> = pods(&scene.cluster).await?.into_iter().map(|pod| pod.name).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    scene.cluster.kubectl(&[&["delete", "pod"], &all[..]].concat()).await.map(drop)
}

/// Runs `understudy` in a pod.
async fn order(scene: &Scene, pod: &str, args: &[&str]) -> Result<String> {
    scene.cluster.kubectl(&[&["exec", pod, "--", "understudy"], args].concat()).await
}
