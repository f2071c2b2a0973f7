//! No fault: what the machine itself costs.

use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;

use super::Fault;
use crate::scene::Scene;

/// What other pauses are to be compared with.
pub struct Nothing;

#[async_trait(?Send)]
impl Fault for Nothing {
    fn name(&self) -> &'static str {
        "nothing"
    }

    fn about(&self) -> &'static str {
        "no fault for 1 min: the pauses that the machine itself makes"
    }

    async fn inflict(&self, _: &Scene) -> Result<()> {
        Ok(())
    }

    fn lasts(&self) -> Duration {
        Duration::from_secs(60)
    }
}
