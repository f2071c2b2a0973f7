//! Pods, their processes and their volumes.

use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;

use super::Fault;
use crate::pair::{Pod, restarted};
use crate::scene::Scene;

/// `kubectl delete pod` of the primary: it hands over.
pub struct DeletePrimary;
/// `kubectl delete pod` of the backup.
pub struct DeleteBackup;
/// The primary's pod deleted without a grace period.
pub struct ForceDelete;
/// SIGKILL to the primary's process.
pub struct Sigkill;
/// Both pods at once, without a grace period.
pub struct Both;
/// The primary's volume claim, and its pod.
pub struct PvcDelete;

#[async_trait(?Send)]
impl Fault for DeletePrimary {
    fn name(&self) -> &'static str {
        "delete-primary"
    }

    fn about(&self) -> &'static str {
        "kubectl delete pod of the primary"
    }

    fn rounds(&self) -> u32 {
        20
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        delete(scene, &[scene.primary()?], &[]).await
    }
}

#[async_trait(?Send)]
impl Fault for DeleteBackup {
    fn name(&self) -> &'static str {
        "delete-backup"
    }

    fn about(&self) -> &'static str {
        "kubectl delete pod of the backup"
    }

    fn rounds(&self) -> u32 {
        20
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        delete(scene, &[scene.backup()?], &[]).await
    }
}

#[async_trait(?Send)]
impl Fault for ForceDelete {
    fn name(&self) -> &'static str {
        "force-delete"
    }

    fn about(&self) -> &'static str {
        "kubectl delete pod --force --grace-period=0 of the primary"
    }

    fn rounds(&self) -> u32 {
        20
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        delete(scene, &[scene.primary()?], FORCE).await
    }
}

#[async_trait(?Send)]
impl Fault for Sigkill {
    fn name(&self) -> &'static str {
        "sigkill"
    }

    fn about(&self) -> &'static str {
        "SIGKILL to the process in the primary's pod"
    }

    fn rounds(&self) -> u32 {
        20
    }

    async fn prepare(&self, scene: &Scene) -> Result<()> {
        // The kubelet starts a container that ends again and again later and later, up to minutes: that is
        // not what a round asks. A new pod is started at once.
        let restarted = restarted(&scene.cluster).await?;
        let names: Vec<&str> = restarted.iter().map(String::as_str).collect();
        if names.is_empty() {
            return Ok(());
        }
        scene.cluster.kubectl(&[&["delete", "pod"], &names[..]].concat()).await?;
        scene.interrupt.sleep(NEW_ADDRESS).await
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        kill(scene, scene.primary()?).await
    }
}

#[async_trait(?Send)]
impl Fault for Both {
    fn name(&self) -> &'static str {
        "both"
    }

    fn about(&self) -> &'static str {
        "both pods at once, --force --grace-period=0"
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        delete(scene, &[scene.primary()?, scene.backup()?], FORCE).await
    }
}

#[async_trait(?Send)]
impl Fault for PvcDelete {
    fn name(&self) -> &'static str {
        "pvc-delete"
    }

    fn about(&self) -> &'static str {
        "the primary's volume claim deleted, and its pod: it comes back blank"
    }

    async fn prepare(&self, scene: &Scene) -> Result<()> {
        // The one whose claim was deleted last is recreated.
        scene.cluster.script("volumes", &["1"]).await?;
        Ok(())
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        let primary = scene.primary()?;
        // It stays as long as its pod.
        let claim = format!("data-{}", primary.name);
        scene.cluster.kubectl(&["delete", "pvc", &claim, "--wait=false"]).await?;
        delete(scene, &[primary], &[]).await?;
        scene.interrupt.until(NEW_CLAIM, async || super::objects::bound(scene, &claim).await).await
    }
}

/// How long it may take until a claim is there again, with its pod.
const NEW_CLAIM: Duration = Duration::from_secs(60);
/// How long the cluster's DNS may still give the old address of a new pod, and a little.
const NEW_ADDRESS: Duration = Duration::from_secs(8);
const FORCE: &[&str] = &["--force", "--grace-period=0"];

/// Deletes pods and does not wait for their end.
pub async fn delete(scene: &Scene, pods: &[&Pod], how: &[&str]) -> Result<()> {
    let names: Vec<&str> = pods.iter().map(|pod| pod.name.as_str()).collect();
    scene.cluster.kubectl(&[&["delete", "pod", "--wait=false"], &names[..], how].concat()).await?;
    Ok(())
}

/// Kills the process of a pod through its worker: no process can kill its own pid 1, and the API
/// server may be away.
pub async fn kill(scene: &Scene, pod: &Pod) -> Result<()> {
    let Pod { node, container, .. } = pod;
    let kill = ["exec", node, "ctr", "-n", "k8s.io", "tasks", "kill", "-s", "SIGKILL", container];
    scene.cluster.node(&kill).await?;
    Ok(())
}
