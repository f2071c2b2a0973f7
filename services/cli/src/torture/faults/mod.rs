//! Injects faults into a pair of our own.

mod network;
mod process;
mod register;
mod shim;
mod vanish;
mod wipe;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use super::fault::{Fault, Whom};
use super::netns::Names;
use super::network::{LinkFault, Network};
use super::plan::Planned;
use super::shim::Shim;
use crate::pair::Pair;

/// How a fault went: something worth telling, or why it was not injected.
pub type Result = std::result::Result<String, String>;

/// Why a replica is not taken down.
const DOWN: &str = "a replica is kept down already";

/// A pair, and the means to inject faults into it.
pub struct FaultInjector {
    /// The pair.
    pub pair: Pair,
    network: Network,
    shims: [Shim; 2],
    /// Who acted when somebody did.
    acted: AtomicUsize,
    /// One replica at a time is kept down.
    downing: Mutex<()>,
    /// The register is taken away once at a time.
    taking: Mutex<()>,
}

impl FaultInjector {
    /// Around a running pair.
    pub fn new(pair: Pair, network: Network, shims: [Shim; 2]) -> Self {
        let (downing, taking) = (Mutex::new(()), Mutex::new(()));
        FaultInjector { pair, network, shims, acted: AtomicUsize::new(0), downing, taking }
    }

    /// Injects a fault, waits as long as it lasts, and heals it.
    pub async fn inject(&self, planned: &Planned) -> Result {
        let lasts = Duration::from_millis(planned.lasts_ms);
        match &planned.fault {
            Fault::Kill { whom } => self.kill(*whom),
            Fault::Vanish { whom, after_ms } => self.vanish(*whom, *after_ms, lasts).await,
            Fault::Pause { whom } => self.pause(*whom, lasts).await,
            Fault::Leave { whom } => self.leave(*whom),
            Fault::Handover => self.hand_over().await,
            Fault::Wipe { whom } => self.wipe(*whom).await,
            Fault::Reset { whom, lines } => self.reset(*whom, *lines).await,
            Fault::Partition { whom, lines, way } => {
                self.inject_link(*whom, *lines, LinkFault::Cut(*way), lasts).await
            }
            Fault::Delay { whom, lines, ms } => {
                self.inject_link(*whom, *lines, LinkFault::Delay(*ms), lasts).await
            }
            Fault::Loss { whom, lines, percent } => {
                self.inject_link(*whom, *lines, LinkFault::Loss(*percent), lasts).await
            }
            Fault::Register => self.take_register(lasts).await,
            Fault::DiskFull { whom, room } => self.fill_disk(*whom, *room, lasts).await,
            Fault::SlowSync { whom, ms } => self.slow_syncs(*whom, *ms, lasts).await,
            Fault::FailedSync { whom } => self.fail_syncs(*whom, lasts).await,
            Fault::Clock { whom, seconds } => self.skew_clock(*whom, *seconds, lasts).await,
            Fault::Command { .. } => Err("commands are for replicas of your own".into()),
        }
    }

    /// The namespaces to remove, should this process end at once.
    pub fn netns(&self) -> Option<Names> {
        match &self.network {
            Network::Namespaces(netns) => Some(netns.names()),
            Network::Proxies(_) => None,
        }
    }

    /// The numbers of those whom it hits now.
    fn numbers(&self, whom: Whom) -> Vec<usize> {
        if let Some(acting) = self.pair.acting() {
            self.acted.store(acting, Ordering::Relaxed);
        }
        let primary = self.acted.load(Ordering::Relaxed);
        match whom {
            Whom::Primary => vec![primary],
            Whom::Backup => vec![1 - primary],
            Whom::Both => vec![primary, 1 - primary],
        }
    }

    fn names(&self, numbers: &[usize]) -> String {
        let names: Vec<&str> =
            numbers.iter().map(|number| self.pair.plan.replicas[*number].name).collect();
        names.join(" and ")
    }
}
