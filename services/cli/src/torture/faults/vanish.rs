//! A machine that vanishes.

use std::time::Duration;

use rustix::process::Signal;

use super::{DOWN, FaultInjector, Result};
use crate::torture::fault::{Lines, Way, Whom};
use crate::torture::network::LinkFault;

impl FaultInjector {
    /// Cuts a replica off from its peer, kills it a moment later, and keeps it down: what it sent
    /// last never arrives. Clients still reach it in that moment.
    pub(super) async fn vanish(&self, whom: Whom, after_ms: u32, lasts: Duration) -> Result {
        let Some(&number) = self.numbers(whom).first() else { return Err("nobody".into()) };
        // A replica whose disk is being wiped must not be let go.
        let Ok(_turn) = self.downing.try_lock() else { return Err(DOWN.into()) };
        let cut = self.network.inject(number, Lines::Peer, LinkFault::Cut(Way::Both)).await?;
        tokio::time::sleep(Duration::from_millis(after_ms.into())).await;
        self.pair.hold(number, true);
        let killed = self.pair.signal(number, Signal::KILL);
        tokio::time::sleep(lasts).await;
        let healed = self.network.heal(cut).await;
        self.pair.hold(number, false);
        healed?;
        killed.map(|_| self.pair.plan.replicas[number].name.to_owned()).map_err(|e| e.to_string())
    }
}
