//! What is done to connections.

use std::time::Duration;

use super::{Result, World};
use crate::torture::fault::{Lines, Way, Whom};

impl World {
    /// Resets connections.
    pub(super) async fn reset(&self, whom: Whom, lines: Lines) -> Result {
        let numbers = self.numbers(whom);
        for number in &numbers {
            self.network.reset(*number, lines).await?;
        }
        Ok(self.names(&numbers))
    }

    /// Lets nothing through.
    pub(super) async fn cut(&self, whom: Whom, lines: Lines, way: Way, lasts: Duration) -> Result {
        let numbers = self.numbers(whom);
        for number in &numbers {
            self.network.cut(*number, lines, way).await?;
        }
        tokio::time::sleep(lasts).await;
        for number in &numbers {
            self.network.mend_cut(*number, lines, way).await?;
        }
        Ok(self.names(&numbers))
    }

    /// Lets everything come later.
    pub(super) async fn delay(&self, whom: Whom, lines: Lines, ms: u32, lasts: Duration) -> Result {
        let numbers = self.numbers(whom);
        for number in &numbers {
            self.network.delay(*number, lines, ms).await?;
        }
        tokio::time::sleep(lasts).await;
        for number in &numbers {
            self.network.delay(*number, lines, 0).await?;
        }
        Ok(self.names(&numbers))
    }

    /// Lets some packets be lost.
    pub(super) async fn lose(
        &self,
        whom: Whom,
        lines: Lines,
        percent: u32,
        lasts: Duration,
    ) -> Result {
        let numbers = self.numbers(whom);
        for number in &numbers {
            self.network.lose(*number, lines, percent).await?;
        }
        tokio::time::sleep(lasts).await;
        for number in &numbers {
            self.network.mend_loss(*number, lines, percent).await?;
        }
        Ok(self.names(&numbers))
    }
}
