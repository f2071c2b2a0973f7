//! One life of a replica, put together.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;
use understudy_arbiter::Arbiter;
use understudy_protocol::{ClusterId, Config, Limits, Recovered};

use crate::checkup::{self, Outlook};
use crate::clients::Admission;
use crate::clock::Clock;
use crate::data;
use crate::driver::{Driver, Parts};
use crate::ended::Ended;
use crate::environment::{Environment, Helper};
use crate::error::ServeError;
use crate::inbox::inbox;
use crate::memory::{Limit, Shares};
use crate::metrics::Metrics;
use crate::options::Options;
use crate::peers::Peers;
use crate::ports::{Addresses, Ports};
use crate::serving::Serving;
use crate::{birth, logging, register, signals};

/// A life that ends earlier is followed by a pause.
const SHORTEST: Duration = Duration::from_millis(500);

/// Runs one life of a replica in this process, from reading its options' data directory to its end:
/// starts logging, awaits SIGTERM and SIGINT (the first one asks it to leave in order, the second
/// ends the process at once). HostKind a tokio runtime, best a `current_thread` one.
///
/// # Errors
/// Why the life did not begin, see [`ServeError`].
pub async fn serve(options: Options) -> Result<Ended, ServeError> {
    logging::start_logging(options.log_format, &options.log).map_err(ServeError::Log)?;
    let leave = signals::listen()?;
    let begun = Instant::now();
    let ended = Server::bind(options).await?.run(leave).await?;
    match &ended {
        Ended::Left => tracing::info!("left"),
        Ended::LifeEnded(why) | Ended::Renewed(why) => {
            tracing::warn!("this life has ended: {why}");
            // What ends one life after the other must not take the whole machine.
            tokio::time::sleep(SHORTEST.saturating_sub(begun.elapsed())).await;
        }
    }
    Ok(ended)
}

/// A replica whose ports are taken and whose life has not begun.
pub struct Server {
    options: Options,
    ports: Ports,
}

impl Server {
    /// Takes the ports.
    ///
    /// # Errors
    /// [`ServeError::Listen`] and [`ServeError::Advertise`].
    pub async fn bind(options: Options) -> Result<Self, ServeError> {
        let ports = Ports::bind(&options).await?;
        Ok(Server { options, ports })
    }

    /// Where it listens and is found.
    pub fn addresses(&self) -> &Addresses {
        &self.ports.addresses
    }

    /// Tells the other replicas' names and peer addresses, where they were not known before.
    pub fn set_peers(&mut self, peers: Vec<(String, String)>) {
        self.options.peers = peers;
    }

    /// Runs one life, over the register of the options.
    ///
    /// # Errors
    /// Why the life did not begin.
    pub async fn run(self, leave: mpsc::Receiver<()>) -> Result<Ended, ServeError> {
        let environment = Environment::of(&self.options).await?;
        self.run_in(environment, leave).await
    }

    /// Runs one life over any register. A message on `leave` asks it to go.
    ///
    /// # Errors
    /// Why the life did not begin.
    pub async fn run_with(
        self,
        arbiter: Arc<dyn Arbiter>,
        leave: mpsc::Receiver<()>,
    ) -> Result<Ended, ServeError> {
        self.run_in(Environment::with(arbiter), leave).await
    }

    async fn run_in(
        self,
        environment: Environment,
        mut leave: mpsc::Receiver<()>,
    ) -> Result<Ended, ServeError> {
        let Server { options, ports } = self;
        let Environment { arbiter, evict, helpers, checks, warning } = environment;
        let limit = Limit::of(&options);
        let shares = limit.part()?;
        let opened = tokio::select! {
            opened = data::open_when_free(&options) => opened?,
            _ = leave.recv() => return Ok(Ended::Left),
        };
        let metrics = Metrics::new();
        let (inbox, outlet, requests) = inbox(options.max_waiting);
        let peers = Peers::new(outlet.clone(), Duration::from_nanos(options.timing.drop / 2));
        let config = config(&options, &ports.addresses, &shares)?;
        announce(&options, &opened.recovered, &ports.addresses);
        limit.announce(&options.name, &shares);
        let (acts, acting) = watch::channel(false);
        let warned = warning.subscribe();
        let outlook = Outlook::new(warning, metrics.failover_blocked.clone());
        let checkup = checkup::run(arbiter.clone(), checks, outlook, options.name.clone());
        let (driver, view) = Driver::new(Parts {
            config,
            opened,
            clock: Clock::start(),
            inbox,
            outlet: outlet.clone(),
            peers: peers.clone(),
            register: register::start(arbiter, outlet),
            metrics: metrics.clone(),
            options: understudy_host::Options {
                snapshot_bytes: shares.snapshot_bytes(options.snapshot_bytes),
                writing_memory: shares.store.saturating_add(shares.snapshot),
                linger: options.linger,
            },
            shares,
            watches: Arc::default(),
            acts,
            evict,
        });
        let help = |helper: Helper| AbortOnDropHandle::new(tokio::spawn(helper(view.clone())));
        let _helpers: Vec<_> = helpers.into_iter().map(help).collect();
        let differences =
            birth::tell_differences(options.settings, options.name.clone(), view.clone());
        let _differences = AbortOnDropHandle::new(tokio::spawn(differences));
        let _checkup = AbortOnDropHandle::new(tokio::spawn(checkup));
        let admission = Admission::new(requests, view.clone(), acting, options.max_waiting);
        let others = options.peers.len();
        let serving = Serving::start(ports, peers, admission, view, metrics, others, warned).await;
        let ended = driver.run(leave).await;
        serving.end().await;
        if let Ended::Renewed(why) = &ended {
            let aside = data::put_aside(&options.data)?;
            tracing::error!(
                replica = %options.name,
                "this copy is not used any more ({why}): it is set aside as {aside}, and this \
                 replica joins again as another copy"
            );
        }
        Ok(ended)
    }
}

fn config(options: &Options, addresses: &Addresses, shares: &Shares) -> Result<Config, ServeError> {
    Ok(Config {
        name: options.name.clone(),
        peer_address: addresses.advertised_peers.clone(),
        client_address: addresses.advertised_clients.clone(),
        peers: options.peers.clone(),
        fresh_cluster: ClusterId(data::random()?),
        settings: options.settings,
        timing: options.timing,
        limits: limits(options, shares),
        memory: shares.is_limited().then_some(shares.store),
    })
}

fn limits(options: &Options, shares: &Shares) -> Limits {
    let every = shares.snapshot_bytes(options.snapshot_bytes);
    let (retain, retain_bytes) = (options.retain_entries, options.retain_bytes);
    Limits { retain, retain_bytes, ..shares.limits(every, Limits::default()) }
}

fn announce(options: &Options, recovered: &Recovered, addresses: &Addresses) {
    tracing::info!(
        replica = %options.name,
        life = recovered.life,
        incarnation = %recovered.incarnation,
        clients = %addresses.clients,
        peers = %addresses.peers,
        ops = %addresses.ops,
        "a life begins"
    );
}
