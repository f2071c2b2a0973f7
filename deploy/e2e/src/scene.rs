//! One round as a fault sees it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::cluster::Cluster;
use crate::pair::Pod;

const BEAT: Duration = Duration::from_millis(100);

/// Whether somebody wants the run to end. Clones share it.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on somebody does.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody does.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits.
    ///
    /// # Errors
    /// When somebody wants the run to end meanwhile.
    pub async fn sleep(&self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            if self.is_set() {
                bail!("interrupted");
            }
            tokio::time::sleep(BEAT.min(end.saturating_duration_since(Instant::now()))).await;
        }
        Ok(())
    }

    /// Asks again and again until something holds.
    ///
    /// # Errors
    /// When it does not within `limit`: what was last found instead; or when interrupted.
    pub async fn until<T>(
        &self,
        limit: Duration,
        mut holds: impl AsyncFnMut() -> Result<T>,
    ) -> Result<T> {
        let end = Instant::now() + limit;
        loop {
            match holds().await {
                Ok(found) => return Ok(found),
                Err(why) if Instant::now() >= end => {
                    return Err(why.context(format!("not within {limit:?}")));
                }
                Err(_) => self.sleep(BEAT).await?,
            }
        }
    }
}

/// One round as a fault sees it.
pub struct Scene {
    /// The cluster.
    pub cluster: Cluster,
    /// The chart.
    pub chart: PathBuf,
    /// Where everything of the run is kept.
    pub out: PathBuf,
    /// Which round of the fault, from 1.
    pub round: u32,
    /// The pods when the round began, in the order of their names.
    pub pods: Vec<Pod>,
    /// The primary's name when the round began.
    pub primary: String,
    /// Set when the run is to end.
    pub interrupt: Interrupt,
}

impl Scene {
    /// The pod that was the primary's when the round began.
    ///
    /// # Errors
    /// When there was none of that name.
    pub fn primary(&self) -> Result<&Pod> {
        self.pods.iter().find(|pod| pod.name == self.primary).context("the primary has no pod")
    }

    /// The pod of the other one.
    ///
    /// # Errors
    /// When there was none.
    pub fn backup(&self) -> Result<&Pod> {
        self.pods.iter().find(|pod| pod.name != self.primary).context("the backup has no pod")
    }
}
