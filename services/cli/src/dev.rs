//! `understudy dev`: a pair of real processes on this machine, restarted when they die.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::output::Output;
use crate::pair::{self, Happening, Pair, Plan, Ports};
use crate::print::{self, Feed, Where};

/// How long the pair may take to be complete.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a pair on this machine: two processes, restarted when they die, and one address that
/// follows the primary.
#[derive(Debug, Args)]
#[command(after_help = "\
The port P given by --port follows the primary. Replica a listens for clients at P+10, for its peer at
P+11 and for operators (metrics, health) at P+12; replica b at P+20, P+21 and P+22. Clients look at
7440, 7450 and 7460 when they are not given --endpoints.")]
pub struct Dev {
    /// Directory of register and data; kept. Default: a temporary one, removed at the end.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// First of the ports; 0 takes free ones.
    #[arg(long, default_value_t = Ports::FIRST, value_parser = clap::value_parser!(u16).range(0..=65_000))]
    port: u16,
    /// How to print; json is one line on standard output when the pair is ready.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
    /// More arguments for both `understudy serve`, behind `--`.
    #[arg(last = true, value_name = "ARGUMENTS")]
    serve: Vec<String>,
}

/// The line that says that the pair is ready.
#[derive(Serialize)]
struct Ready {
    /// `host:port` that follows the primary.
    address: String,
    replicas: Vec<ReadyReplica>,
}

#[derive(Serialize)]
struct ReadyReplica {
    name: &'static str,
    pid: u32,
    /// `host:port` for clients.
    address: String,
    /// URL of the metrics.
    metrics: String,
    data: PathBuf,
    role: &'static str,
}

impl Dev {
    pub async fn run(self) -> Result<(), Failure> {
        let temporary = match &self.dir {
            Some(_) => None,
            None => Some(
                tempfile::Builder::new()
                    .prefix("understudy-dev-")
                    .tempdir()
                    .map_err(Failure::new)?,
            ),
        };
        let dir = match (&self.dir, &temporary) {
            (Some(dir), _) => dir.clone(),
            (None, Some(temporary)) => temporary.path().to_owned(),
            (None, None) => return Err(Failure::new("no directory")),
        };
        let ports = match self.port {
            0 => Ports::free().map_err(Failure::new)?,
            first => Ports::from(first),
        };
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::new)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::new)?;
        // What rotates logs sends it, and a terminal that is closed: the pair serves on.
        let _hang_up = signal(SignalKind::hangup()).map_err(Failure::new)?;
        let (tell, mut happenings) = mpsc::channel(1024);
        let dir = pair::directory(&dir)?;
        let _claim = pair::claim(&dir)?;
        let pair = Pair::start(Plan::new(&dir, ports, &self.serve), tell).await?;
        // The pair serves on, whether or not somebody reads what happens to it.
        let feed = Feed::start(match self.output {
            Output::Text => Where::Out,
            Output::Json => Where::Err,
        });
        let ended = tokio::select! {
            ended = self.show(&pair, &mut happenings, &feed) => ended,
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        };
        pair.stop().await;
        feed.close();
        ended
    }

    /// Prints what happens, for ever.
    async fn show(
        &self,
        pair: &Pair,
        happenings: &mut mpsc::Receiver<Happening>,
        feed: &Feed,
    ) -> Result<(), Failure> {
        let complete = pair.complete(PATIENCE);
        tokio::pin!(complete);
        let mut ready = false;
        loop {
            tokio::select! {
                primary = &mut complete, if !ready => {
                    ready = true;
                    let ready = Ready::of(pair, primary?);
                    match self.output {
                        Output::Text => feed.line(ready.text(self.dir.is_some())),
                        Output::Json => print::json(&ready),
                    }
                }
                Some(happening) = happenings.recv() => feed.line(happening),
            }
        }
    }
}

impl Ready {
    fn of(pair: &Pair, primary: usize) -> Self {
        let replica = |(number, plan): (usize, &pair::ReplicaPlan)| ReadyReplica {
            name: plan.name,
            pid: pair.pid(number).unwrap_or_default(),
            address: plan.clients.clone(),
            metrics: format!("http://{}/metrics", plan.ops),
            data: plan.data.clone(),
            role: if number == primary { "primary" } else { "backup" },
        };
        let replicas = pair.plan.replicas.iter().enumerate().map(replica).collect();
        Ready { address: pair.plan.following.clone(), replicas }
    }

    fn text(&self, kept: bool) -> String {
        let mut text = format!("\nThe pair is ready. {} follows the primary.\n\n", self.address);
        for replica in &self.replicas {
            text += &format!(
                "  {}  {:7}  pid {:<8} clients {}  metrics {}\n              data {}{}\n",
                replica.name,
                replica.role,
                replica.pid,
                replica.address,
                replica.metrics,
                replica.data.display(),
                if kept { "" } else { " (removed at the end)" },
            );
        }
        let primary = self.replicas.iter().find(|r| r.role == "primary").map_or(0, |r| r.pid);
        let endpoints = [&self.address, &self.replicas[0].address, &self.replicas[1].address];
        text += &format!(
            "\nTry, in another terminal:\n\
             \n  export UNDERSTUDY_ENDPOINTS={},{},{}\
             \n  understudy put greeting hello\
             \n  understudy status\
             \n  kill -9 {primary}    # the primary: the backup takes over\
             \n  understudy get greeting\
             \n\nCtrl-C ends the pair.\n",
            endpoints[0], endpoints[1], endpoints[2],
        );
        text
    }
}
