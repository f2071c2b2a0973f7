//! `understudy dev`: a pair of real processes on this machine, restarted when they die.

mod brief;
mod ready;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use self::ready::Ready;
use crate::failure::Failure;
use crate::output::Output;
use crate::pair::{self, Pair, Plan, Ports, ProcessEvent};
use crate::print::{self, Feed, Where};

/// How long the pair may take to be complete.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a pair on this machine: two processes, restarted when they die, and one address that
/// follows the primary.
///
/// It says who runs, who has which role and why, and what is wrong; with -v, or options of the log, all that
/// the replicas log.
#[derive(Debug, Args)]
#[command(after_help = "\
The port P given by --port follows the primary. Replica a listens for clients at
P+10, for its peer at P+11 and for operators (metrics, health) at P+12; replica
b at P+20, P+21 and P+22. Clients look at 7440, 7450 and 7460 when they are not
given --endpoints.")]
pub struct Dev {
    /// Directory of register and data; kept. Default: a temporary one, removed at the end.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// First of the ports; 0 takes free ones.
    #[arg(long, default_value_t = Ports::FIRST, value_parser = clap::value_parser!(u16).range(0..=65_000))]
    port: u16,
    /// Show all that the replicas log.
    #[arg(short, long)]
    verbose: bool,
    /// How to print; json is one line on standard output when the pair is ready.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
    /// More arguments for both `understudy serve`, after `--`.
    #[arg(last = true, value_name = "ARGUMENTS")]
    serve: Vec<String>,
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
        let (tell, mut events) = mpsc::channel(1024);
        let dir = pair::directory(&dir)?;
        let _claim = pair::claim(&dir)?;
        let mut plan = Plan::new(&dir, ports, &self.serve);
        let all = self.verbose || brief::is_log_wanted(&self.serve);
        if !all {
            brief::prepare(&mut plan);
        }
        let pair = Pair::start(plan, tell).await?;
        // The pair serves on, whether or not somebody reads what happens to it.
        let feed = Feed::start(match self.output {
            Output::Text => Where::Out,
            Output::Json => Where::Err,
        });
        let ended = tokio::select! {
            ended = self.show(&pair, &mut events, &feed, all) => ended,
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
        events: &mut mpsc::Receiver<ProcessEvent>,
        feed: &Feed,
        all: bool,
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
                Some(event) = events.recv() => match all {
                    true => feed.line(event),
                    false => brief::line(&event).iter().for_each(|line| feed.line(line)),
                },
            }
        }
    }
}
