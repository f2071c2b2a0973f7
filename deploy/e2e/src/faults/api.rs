//! The API server, which is the register's store.

use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;

use super::{Fault, pods};
use crate::scene::Scene;

/// Away for two minutes, and the primary is killed meanwhile.
pub struct Down;
/// Away for five minutes, and nothing else happens.
pub struct Away;

#[async_trait(?Send)]
impl Fault for Down {
    fn name(&self) -> &'static str {
        "api-down"
    }

    fn about(&self) -> &'static str {
        "API server away for 2 min; SIGKILL of the primary after 1 min of it: nobody may be promoted until it is back"
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        stop(scene).await?;
        scene.interrupt.sleep(Duration::from_secs(60)).await?;
        pods::kill(scene, scene.primary()?).await
    }

    fn lasts(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn needs_repair(&self) -> bool {
        true
    }

    async fn repair(&self, scene: &Scene) -> Result<()> {
        start(scene).await
    }
}

#[async_trait(?Send)]
impl Fault for Away {
    fn name(&self) -> &'static str {
        "api-away"
    }

    fn about(&self) -> &'static str {
        "API server away for 5 min, nothing else"
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        stop(scene).await
    }

    fn lasts(&self) -> Duration {
        Duration::from_secs(300)
    }

    fn needs_repair(&self) -> bool {
        true
    }

    async fn repair(&self, scene: &Scene) -> Result<()> {
        start(scene).await
    }
}

async fn stop(scene: &Scene) -> Result<()> {
    scene.cluster.control_plane(&["stop", "apiserver"]).await.map(drop)
}

async fn start(scene: &Scene) -> Result<()> {
    scene.cluster.control_plane(&["start", "apiserver"]).await?;
    scene.cluster.control_plane(&["wait"]).await.map(drop)
}
