//! What is done to connections.

use std::time::Duration;

use super::{Result, World};
use crate::torture::fault::{Lines, Whom};
use crate::torture::network::Harm;

impl World {
    /// Resets connections.
    pub(super) async fn reset(&self, whom: Whom, lines: Lines) -> Result {
        let numbers = self.numbers(whom);
        for number in &numbers {
            self.network.reset(*number, lines).await?;
        }
        Ok(self.names(&numbers))
    }

    /// Hurts what is sent, and mends it.
    pub(super) async fn hurt(
        &self,
        whom: Whom,
        lines: Lines,
        harm: Harm,
        lasts: Duration,
    ) -> Result {
        let numbers = self.numbers(whom);
        let mut wounds = Vec::new();
        for number in &numbers {
            wounds.push(self.network.hurt(*number, lines, harm).await?);
        }
        tokio::time::sleep(lasts).await;
        for wound in wounds {
            self.network.mend(wound).await?;
        }
        Ok(self.names(&numbers))
    }
}
