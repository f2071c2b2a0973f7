//! What is done to connections.

use std::time::Duration;

use super::{FaultInjector, Result};
use crate::torture::fault::{Lines, Whom};
use crate::torture::network::LinkFault;

impl FaultInjector {
    /// Resets connections.
    pub(super) async fn reset(&self, whom: Whom, lines: Lines) -> Result {
        let numbers = self.numbers(whom);
        for number in &numbers {
            self.network.reset(*number, lines).await?;
        }
        Ok(self.names(&numbers))
    }

    /// Injects a fault into links, and heals it.
    pub(super) async fn inject_link(
        &self,
        whom: Whom,
        lines: Lines,
        fault: LinkFault,
        lasts: Duration,
    ) -> Result {
        let numbers = self.numbers(whom);
        let mut active = Vec::new();
        for number in &numbers {
            active.push(self.network.inject(*number, lines, fault).await?);
        }
        tokio::time::sleep(lasts).await;
        for fault in active {
            self.network.heal(fault).await?;
        }
        Ok(self.names(&numbers))
    }
}
