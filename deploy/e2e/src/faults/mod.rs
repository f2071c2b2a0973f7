//! What is injected. One module for each kind of thing that gets a fault.

mod api;
mod clock;
mod dead_node;
mod disaster;
mod nodes;
mod nothing;
mod objects;
mod pods;
mod releases;

use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;

use crate::scene::Scene;

/// A fault: it is injected, lasts, and is repaired.
#[async_trait(?Send)]
pub trait Fault: Send + Sync {
    /// What it is called on the command line.
    fn name(&self) -> &'static str;

    /// What it is, in one line.
    fn about(&self) -> &'static str;

    /// Rounds, if nobody says how many.
    fn rounds(&self) -> u32 {
        5
    }

    /// Values of the chart that it needs, beside those of the run: a pair is installed with them.
    fn values(&self) -> &'static [&'static str] {
        &[]
    }

    /// What must be there before clients come.
    ///
    /// # Errors
    /// When it cannot be done.
    async fn prepare(&self, _: &Scene) -> Result<()> {
        Ok(())
    }

    /// Inflicts it.
    ///
    /// # Errors
    /// When it cannot be inflicted, or when something did not stand it.
    async fn inflict(&self, scene: &Scene) -> Result<()>;

    /// How long it lasts before it is repaired.
    fn lasts(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether somebody must repair it; else the cluster and the pair do so themselves.
    fn needs_repair(&self) -> bool {
        false
    }

    /// Repairs it, also if it was injected in part only.
    ///
    /// # Errors
    /// When it cannot be repaired.
    async fn repair(&self, _: &Scene) -> Result<()> {
        Ok(())
    }
}

/// All of them, in the order in which they are told.
pub const ALL: [&dyn Fault; 22] = [
    &nothing::Nothing,
    &pods::DeletePrimary,
    &pods::DeleteBackup,
    &pods::ForceDelete,
    &pods::Sigkill,
    &pods::Both,
    &nodes::NodeKill,
    &dead_node::DeadNode,
    &nodes::NodeCut,
    &nodes::NodeCutPeer,
    &nodes::NodeCutApi,
    &nodes::Drain,
    &api::Down,
    &api::Away,
    &objects::LeaseEdit,
    &objects::ServiceEdit,
    &releases::Upgrade,
    &releases::Rollback,
    &pods::PvcDelete,
    &disaster::LeaseDelete,
    &disaster::LeaseRestore,
    &clock::Clock,
];

/// The fault of this name.
pub fn named(name: &str) -> Option<&'static dyn Fault> {
    ALL.into_iter().find(|fault| fault.name() == name)
}
