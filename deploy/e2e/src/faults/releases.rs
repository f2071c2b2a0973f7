//! The release changes.

use anyhow::Result;
use async_trait::async_trait;

use super::Fault;
use crate::release;
use crate::scene::Scene;

/// `helm upgrade` that changes the pods.
pub struct Upgrade;
/// `helm rollback` of such an upgrade.
pub struct Rollback;

#[async_trait(?Send)]
impl Fault for Upgrade {
    fn name(&self) -> &'static str {
        "upgrade"
    }

    fn about(&self) -> &'static str {
        "helm upgrade that changes every pod"
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        change(scene).await
    }
}

#[async_trait(?Send)]
impl Fault for Rollback {
    fn name(&self) -> &'static str {
        "rollback"
    }

    fn about(&self) -> &'static str {
        "helm rollback of such an upgrade"
    }

    async fn prepare(&self, scene: &Scene) -> Result<()> {
        change(scene).await
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        release::roll_back(&scene.cluster).await
    }
}

async fn change(scene: &Scene) -> Result<()> {
    // Never what it was.
    let value = format!("podAnnotations.changed=at-{}", crate::clock::now());
    release::upgrade(&scene.cluster, &scene.chart, "--set", &value).await
}
