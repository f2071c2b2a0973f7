//! A worker that dies and stays dead, and a primary that replaces the dead replica's pod by itself.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;

use super::Fault;
use super::pods::delete;
use crate::cluster::Cluster;
use crate::pair::{Pod, in_order, pods, served};
use crate::scene::Scene;

/// A power cut of the primary's worker; what was there comes back elsewhere.
pub struct DeadNode;

/// From the power cut to two ready pods on other workers. The worker is called unreachable after 20 s here; the
/// pauses between deletions are 10, 20 and 40 s.
const PATIENCE: Duration = Duration::from_secs(110);

#[async_trait(?Send)]
impl Fault for DeadNode {
    fn name(&self) -> &'static str {
        "dead-node"
    }

    fn about(&self) -> &'static str {
        "permanent power cut of the primary's node; replaceDeadBackup.after=10s, sooner than the node counts as dead, \
         gets its pod to another node"
    }

    /// Without volumes: one that lies on the dead worker would hold its pod until that is back.
    fn values(&self) -> &'static [&'static str] {
        &["replaceDeadBackup.after=10s", "persistence.enabled=false"]
    }

    /// Pods that the last round has brought to one worker part again.
    async fn prepare(&self, scene: &Scene) -> Result<()> {
        let found = pods(&scene.cluster).await?;
        let [one, another] = &found[..] else { return Ok(()) };
        if one.node != another.node {
            return Ok(());
        }
        let primary = served(&scene.cluster).await?;
        let backup = if one.name == primary { another } else { one };
        delete(scene, &[backup], &[]).await?;
        let apart = async || {
            let found = in_order(&scene.cluster, &primary).await?;
            ensure!(found[0].node != found[1].node, "both pods are on one worker");
            Ok(())
        };
        scene.interrupt.until(PATIENCE, apart).await
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        let dead = scene.primary()?;
        scene.cluster.node(&["kill", &dead.node]).await?;
        let mut course = Course { began: Instant::now(), last: dead.clone(), pods: 0 };
        let elsewhere = async || {
            course.look(&scene.cluster, &dead.name).await?;
            let primary = served(&scene.cluster).await?;
            let found = in_order(&scene.cluster, &primary).await?;
            ensure!(found.iter().all(|pod| pod.node != dead.node), "a pod is on the dead worker");
            Ok(())
        };
        let done = scene.interrupt.until(PATIENCE, elsewhere).await;
        course.say("ready on");
        done.with_context(|| format!("{} elsewhere, {} pods later", dead.name, course.pods))
    }

    fn needs_repair(&self) -> bool {
        true
    }

    async fn repair(&self, scene: &Scene) -> Result<()> {
        scene.cluster.node(&["up", &scene.primary()?.node]).await.map(drop)
    }
}

/// What becomes of the dead replica's pod, told as it happens.
struct Course {
    began: Instant,
    last: Pod,
    /// How many came in its place.
    pods: u32,
}

impl Course {
    async fn look(&mut self, cluster: &Cluster, name: &str) -> Result<()> {
        let found = pods(cluster).await?;
        let Some(pod) = found.into_iter().find(|pod| pod.name == name) else { return Ok(()) };
        if (&pod.uid, &pod.node) != (&self.last.uid, &self.last.node) {
            self.pods += u32::from(pod.uid != self.last.uid);
            self.last = pod;
            self.say("bound to");
        }
        Ok(())
    }

    fn say(&self, what: &str) {
        let Pod { name, node, .. } = &self.last;
        let node = if node.is_empty() { "no node" } else { node };
        let after = self.began.elapsed().as_secs_f64();
        eprintln!("  {after:5.1} s: pod {} of {name} {what} {node}", self.pods);
    }
}
