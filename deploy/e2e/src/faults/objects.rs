//! Objects that people edit.

use std::time::Duration;

use anyhow::{Result, ensure};
use async_trait::async_trait;

use super::{Fault, pods};
use crate::pair::{RELEASE, served};
use crate::scene::Scene;

/// A label and an annotation put on the Lease, again and again, while it changes hands.
pub struct LeaseEdit;
/// The Service's selector pointed elsewhere.
pub struct ServiceEdit;

/// How long the primary may take to put the Service right.
const PATIENCE: Duration = Duration::from_secs(10);

#[async_trait(?Send)]
impl Fault for LeaseEdit {
    fn name(&self) -> &'static str {
        "lease-edit"
    }

    fn about(&self) -> &'static str {
        "labels and annotations put on the Lease by hand, 20 times, while the primary's pod is deleted"
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        edit(scene, 0).await?;
        pods::delete(scene, &[scene.primary()?], &[]).await?;
        for count in 1..20 {
            edit(scene, count).await?;
        }
        let lease = scene.cluster.get(&["lease", RELEASE]).await?;
        let label = &lease["metadata"]["labels"]["by-hand"];
        ensure!(*label == "19", "the label put on the Lease last is gone: {label}");
        Ok(())
    }
}

async fn edit(scene: &Scene, count: u32) -> Result<()> {
    let metadata =
        format!(r#"{{"labels":{{"by-hand":"{count}"}},"annotations":{{"by-hand":"{count}"}}}}"#);
    let patch = format!(r#"{{"metadata":{metadata}}}"#);
    patched(scene, &["lease", RELEASE, "--type=merge", "-p", &patch]).await
}

#[async_trait(?Send)]
impl Fault for ServiceEdit {
    fn name(&self) -> &'static str {
        "service-edit"
    }

    fn about(&self) -> &'static str {
        "the Service's selector pointed at the backup by hand, then at nobody"
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        let backup = format!(r#""statefulset.kubernetes.io/pod-name":"{}""#, scene.backup()?.name);
        for wrong in [backup.as_str(), r#""statefulset.kubernetes.io/pod-name":"nobody""#] {
            let patch = format!(r#"{{"spec":{{"selector":{{{wrong}}}}}}}"#);
            patched(scene, &["service", RELEASE, "--type=merge", "-p", &patch]).await?;
            let right = async || {
                let served = served(&scene.cluster).await?;
                ensure!(served == scene.primary, "the Service leads to {served:?} by {wrong}");
                Ok(())
            };
            scene.interrupt.until(PATIENCE, right).await?;
        }
        Ok(())
    }
}

async fn patched(scene: &Scene, args: &[&str]) -> Result<()> {
    scene.cluster.kubectl(&[&["patch"], args].concat()).await.map(drop)
}

/// Whether a claim that was deleted is there again and bound.
///
/// # Errors
/// When it is not.
pub async fn bound(scene: &Scene, claim: &str) -> Result<()> {
    let claim = scene.cluster.get(&["pvc", claim]).await?;
    let old = !claim["metadata"]["deletionTimestamp"].is_null();
    ensure!(!old && claim["status"]["phase"] == "Bound", "the claim is not there again");
    Ok(())
}
