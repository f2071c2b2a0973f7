//! Where everything lies: directories, addresses, and what is between them.

use std::path::Path;

use tokio::sync::mpsc;

use super::Torture;
use super::faults::FaultInjector;
use super::netns::Netns;
use super::network::Network;
use super::proxies::Proxies;
use super::shim::Shim;
use crate::failure::Failure;
use crate::pair::{NAMES, Pair, Place, Plan, Ports, ProcessEvent};

/// A pair that is prepared and does not run yet.
pub struct Setup {
    plan: Plan,
    /// Where replicas listen.
    places: [Place; 2],
    /// Where they are found.
    found: [Place; 2],
    shims: [Shim; 2],
    netns: Option<Netns>,
}

impl Setup {
    /// Prepares it in `dir`.
    ///
    /// # Errors
    /// When there are too few ports, or no namespaces.
    pub fn prepare(torture: &Torture, dir: &Path) -> Result<Self, Failure> {
        let ports = Ports::several(2).map_err(Failure::new)?;
        let netns = torture.netns.then(Netns::make).transpose()?;
        let (places, found) = match &netns {
            Some(netns) => {
                let places = [netns.place(0), netns.place(1)];
                (places.clone(), places)
            }
            None => (ports[0].replicas.map(Place::local), ports[1].replicas.map(Place::local)),
        };
        let following = format!("127.0.0.1:{}", ports[0].following);
        let mut plan = Plan::at(dir, &following, &places, &found, &arguments(&torture.serve));
        let shim = |name| Shim::install(dir, name).map_err(Failure::new);
        let shims = [shim(NAMES[0])?, shim(NAMES[1])?];
        for (number, replica) in plan.replicas.iter_mut().enumerate() {
            replica.environment = shims[number].environment();
            if let Some(netns) = &netns {
                let this = std::env::current_exe().map_err(Failure::new)?;
                replica.program = netns.runner(number);
                replica.program.push(this.display().to_string());
            }
        }
        Ok(Setup { plan, places, found, shims, netns })
    }

    /// Where clients find the replicas.
    pub fn endpoints(&self) -> String {
        format!("{},{}", self.found[0].clients, self.found[1].clients)
    }

    /// Starts the pair. What happens goes to `tell`.
    ///
    /// # Errors
    /// As for [`Pair::start`].
    pub async fn start(self, tell: mpsc::Sender<ProcessEvent>) -> Result<FaultInjector, Failure> {
        let pair = Pair::start(self.plan, tell).await?;
        let network = match self.netns {
            Some(netns) => Network::Namespaces(netns),
            None => Network::Proxies(Proxies::start(&pair, &self.places, &self.found)),
        };
        Ok(FaultInjector::new(pair, network, self.shims))
    }
}

/// What the replicas are told more: small logs and snapshots, so that followers that come back need
/// both. What is given on the command line wins.
fn arguments(given: &[String]) -> Vec<String> {
    let small = [
        ("--segment-bytes", "65536"),
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
