//! The register's outages.

use std::time::Duration;

use super::{FaultInjector, Result};

impl FaultInjector {
    /// Moves the register's directory away and back.
    pub(super) async fn take_register(&self, lasts: Duration) -> Result {
        let Ok(_turn) = self.taking.try_lock() else {
            return Err("it is away already".into());
        };
        let register = &self.pair.plan.register;
        let away = register.with_extension("away");
        std::fs::rename(register, &away).map_err(|error| format!("cannot move it: {error}"))?;
        tokio::time::sleep(lasts).await;
        std::fs::rename(&away, register)
            .map_err(|error| format!("cannot move it back: {error}"))?;
        Ok(String::new())
    }
}
