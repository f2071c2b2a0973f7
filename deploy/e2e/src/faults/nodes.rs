//! Workers and the links between them.

use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;

use super::Fault;
use crate::scene::Scene;

/// A power cut of the primary's worker.
pub struct NodeKill;
/// The primary's worker cut off from everything.
pub struct NodeCut;
/// The two replicas' workers cut off from each other.
pub struct NodeCutPeer;
/// The primary's worker cut off from the API server.
pub struct NodeCutApi;
/// `kubectl drain` of the primary's worker.
pub struct Drain;

/// Longer than it takes to fail over and to be noticed by nobody else.
const LASTS: Duration = Duration::from_secs(10);
/// Longer than it takes until the cluster calls the worker unreachable.
const NOTICED: Duration = Duration::from_secs(30);

#[async_trait(?Send)]
impl Fault for NodeKill {
    fn name(&self) -> &'static str {
        "node-kill"
    }

    fn about(&self) -> &'static str {
        "power cut of the primary's node; started again after 10 s"
    }

    fn rounds(&self) -> u32 {
        20
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        scene.cluster.node(&["kill", &scene.primary()?.node]).await.map(drop)
    }

    fn lasts(&self) -> Duration {
        LASTS
    }

    fn needs_repair(&self) -> bool {
        true
    }

    async fn repair(&self, scene: &Scene) -> Result<()> {
        scene.cluster.node(&["up", &scene.primary()?.node]).await.map(drop)
    }
}

#[async_trait(?Send)]
impl Fault for NodeCut {
    fn name(&self) -> &'static str {
        "node-cut"
    }

    fn about(&self) -> &'static str {
        "the primary's node cut from everything for 10 s"
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        scene.cluster.node(&["partition", &scene.primary()?.node]).await.map(drop)
    }

    fn lasts(&self) -> Duration {
        LASTS
    }

    fn needs_repair(&self) -> bool {
        true
    }

    async fn repair(&self, scene: &Scene) -> Result<()> {
        scene.cluster.node(&["heal", &scene.primary()?.node]).await.map(drop)
    }
}

#[async_trait(?Send)]
impl Fault for NodeCutPeer {
    fn name(&self) -> &'static str {
        "node-cut-peer"
    }

    fn about(&self) -> &'static str {
        "the two replicas' nodes cut from each other only, for 10 s"
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        let (primary, backup) = (&scene.primary()?.node, &scene.backup()?.node);
        scene.cluster.node(&["drop", primary, backup]).await.map(drop)
    }

    fn lasts(&self) -> Duration {
        LASTS
    }

    fn needs_repair(&self) -> bool {
        true
    }

    async fn repair(&self, scene: &Scene) -> Result<()> {
        let (primary, backup) = (&scene.primary()?.node, &scene.backup()?.node);
        scene.cluster.node(&["undrop", primary, backup]).await.map(drop)
    }
}

#[async_trait(?Send)]
impl Fault for NodeCutApi {
    fn name(&self) -> &'static str {
        "node-cut-api"
    }

    fn about(&self) -> &'static str {
        "the primary's node cut from the API server only, for 30 s: the node is called unreachable"
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        scene.cluster.node(&["drop", &scene.primary()?.node, "cp"]).await.map(drop)
    }

    fn lasts(&self) -> Duration {
        NOTICED
    }

    fn needs_repair(&self) -> bool {
        true
    }

    async fn repair(&self, scene: &Scene) -> Result<()> {
        scene.cluster.node(&["undrop", &scene.primary()?.node, "cp"]).await.map(drop)
    }
}

#[async_trait(?Send)]
impl Fault for Drain {
    fn name(&self) -> &'static str {
        "drain"
    }

    fn about(&self) -> &'static str {
        "kubectl drain of the primary's node; uncordoned 5 s later"
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        let node = &scene.primary()?.node;
        let how = ["--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s"];
        scene.cluster.kubectl(&[&["drain", node], &how[..]].concat()).await.map(drop)
    }

    fn lasts(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn needs_repair(&self) -> bool {
        true
    }

    async fn repair(&self, scene: &Scene) -> Result<()> {
        scene.cluster.kubectl(&["uncordon", &scene.primary()?.node]).await.map(drop)
    }
}
