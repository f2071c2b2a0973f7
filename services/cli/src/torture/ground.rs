//! Where everything lies: directories, addresses, and what is between them.

use tempfile::TempDir;
use tokio::sync::mpsc;

use super::Torture;
use super::board::Board;
use super::faults::World;
use super::network::Network;
use crate::failure::Failure;
use crate::pair::{Happening, Pair, Place, Plan, Ports};

/// A pair that is laid out and does not run yet.
pub struct Ground {
    plan: Plan,
    /// Where replicas listen.
    places: [Place; 2],
    /// Where they are found.
    found: [Place; 2],
}

impl Ground {
    /// Lays it out in `dir`.
    ///
    /// # Errors
    /// When there are too few ports.
    pub fn lay(torture: &Torture, dir: &TempDir) -> Result<Self, Failure> {
        let ports = Ports::several(2).map_err(Failure::new)?;
        let places = ports[0].replicas.map(Place::local);
        let found = ports[1].replicas.map(Place::local);
        let following = format!("127.0.0.1:{}", ports[0].following);
        let plan = Plan::at(dir.path(), &following, &places, &found, &torture.serve);
        Ok(Ground { plan, places, found })
    }

    /// Where clients find the replicas.
    pub fn endpoints(&self) -> String {
        format!("{},{}", self.found[0].clients, self.found[1].clients)
    }

    /// Starts the pair. What happens goes to `tell`.
    ///
    /// # Errors
    /// As for [`Pair::start`].
    pub async fn build(self, tell: mpsc::Sender<Happening>) -> Result<World, Failure> {
        let pair = Pair::start(self.plan, tell).await?;
        let board = Board::start(&pair, &self.places, &self.found);
        Ok(World::new(pair, Network::Proxies(board)))
    }
}
