//! Where everything lies: directories, addresses, and what is between them.

use tempfile::TempDir;
use tokio::sync::mpsc;

use super::Torture;
use super::board::Board;
use super::faults::World;
use super::network::Network;
use super::shim::Shim;
use crate::failure::Failure;
use crate::pair::{Happening, NAMES, Pair, Place, Plan, Ports};

/// A pair that is laid out and does not run yet.
pub struct Ground {
    plan: Plan,
    /// Where replicas listen.
    places: [Place; 2],
    /// Where they are found.
    found: [Place; 2],
    shims: [Shim; 2],
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
        let mut plan =
            Plan::at(dir.path(), &following, &places, &found, &arguments(&torture.serve));
        let shim = |name| Shim::lay(dir.path(), name).map_err(Failure::new);
        let shims = [shim(NAMES[0])?, shim(NAMES[1])?];
        for (replica, shim) in plan.replicas.iter_mut().zip(&shims) {
            replica.environment = shim.environment();
        }
        Ok(Ground { plan, places, found, shims })
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
        Ok(World::new(pair, Network::Proxies(board), self.shims))
    }
}

/// What the replicas are told more: small logs and snapshots, so that followers that come back need
/// both. What is given on the command line wins.
fn arguments(given: &[String]) -> Vec<String> {
    let small = [
        ("--segment-bytes", "262144"),
        ("--snapshot-bytes", "1000000"),
        ("--retain-entries", "2000"),
    ];
    let mut arguments = Vec::new();
    for (flag, value) in small {
        if !given.iter().any(|word| word.starts_with(flag)) {
            arguments.extend([flag.to_owned(), value.to_owned()]);
        }
    }
    arguments.extend_from_slice(given);
    arguments
}
