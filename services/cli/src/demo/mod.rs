//! `understudy demo`: kills the primary of a pair under load, again and again, and shows what the
//! clients saw.

mod kill;
mod picture;
mod report;
mod text;
mod versions;

use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;
use understudy_client::{Endpoints, Options};
use understudy_history::{Operation, write_line};

use crate::failure::Failure;
use crate::output::Output;
use crate::pair::{Logbook, Pair, Plan, Ports, logbook};
use crate::print;
use kill::Kill;
use report::Report;
use understudy_load::{Load, Mix, Shape};

/// How long the pair may take to be complete again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Undisturbed load before the first kill and after each.
const STEADY: Duration = Duration::from_secs(1);

/// Starts a pair on this machine, puts load on it, kills the primary with -9 again and again, and
/// checks from the recorded history that nothing acknowledged was lost and nothing was done twice.
///
/// Exit code 1 if anything is off.
#[derive(Debug, Args)]
pub struct Demo {
    /// How often the primary is killed.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    kills: u32,
    /// How many clients, none of which ever pauses.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=1000))]
    clients: u64,
    /// How many pairs of keys they write to.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..=500))]
    key_pairs: u64,
    /// Length of a value, bytes.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    value_bytes: u32,
    /// Writes the recorded history to this file, one JSON object per line.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Writes the replicas' logs to this file.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
    /// More arguments for both `understudy serve`, after `--`.
    #[arg(last = true, value_name = "ARGUMENTS")]
    serve: Vec<String>,
}

impl Demo {
    pub async fn run(self) -> Result<(), Failure> {
        let dir =
            tempfile::Builder::new().prefix("understudy-demo-").tempdir().map_err(Failure::new)?;
        let plan = Plan::new(dir.path(), Ports::free().map_err(Failure::new)?, &self.serve);
        let endpoints = plan.endpoints().join(",").parse().map_err(Failure::new)?;
        let (tell, events) = mpsc::channel(1024);
        let log = Logbook::start(events, self.log.as_deref(), |_| {})?;
        let pair = Pair::start(plan, tell).await?;
        let done = self.kill_under_load(&pair, &endpoints).await;
        pair.stop().await;
        let log = log.close().await;
        let (history, kills) = done.map_err(|failure| {
            // What the replicas said last tells why.
            Failure::new(format!("{failure}; last log lines: {}", log.join(" / ")))
        })?;
        self.keep(&history)?;
        let report = Report::new(&history, &kills, self.clients);
        match self.output {
            Output::Text => print::line(text::print(&report).trim_end()),
            Output::Json => print::json(&report),
        }
        match report.ok {
            true => Ok(()),
            false => Err(Failure::new("the demo went wrong: see the report")),
        }
    }

    /// Load, kills, load.
    async fn kill_under_load(
        &self,
        pair: &Pair,
        endpoints: &Endpoints,
    ) -> Result<(Vec<Operation>, Vec<Kill>), Failure> {
        let bar = self.bar();
        bar.set_message("waiting for the pair");
        pair.complete(PATIENCE).await?;
        let shape = Shape {
            mix: Mix::WRITES,
            clients: self.clients,
            keys: 2 * self.key_pairs,
            value_bytes: self.value_bytes as usize,
        };
        let clock = Instant::now();
        let load = Load::start(endpoints, &Options::default(), &shape, clock);
        bar.set_message("load");
        self.steady(&bar, &load).await;
        let mut kills = Vec::new();
        for _ in 0..self.kills {
            let primary = pair.complete(PATIENCE).await?;
            let kill = Kill::inject(pair, primary, clock)?;
            bar.set_message(format!("killed {} with -9", kill.replica));
            kills.push(kill);
            pair.complete(PATIENCE).await?;
            bar.set_message("both are members again");
            self.steady(&bar, &load).await;
            bar.inc(1);
        }
        bar.set_message("reading everything back");
        let history = load.finish().await;
        bar.finish_and_clear();
        Ok((history, kills))
    }

    async fn steady(&self, bar: &ProgressBar, load: &Load) {
        let until = Instant::now() + STEADY;
        while Instant::now() < until {
            bar.set_prefix(format!("{} requests", print::grouped(load.answered())));
            tokio::time::sleep(STEADY / 10).await;
        }
    }

    fn bar(&self) -> ProgressBar {
        let bar = ProgressBar::new(self.kills.into());
        // The template is a constant; a mistake in it would only cost looks.
        if let Ok(style) =
            ProgressStyle::with_template("{bar:20} {pos} of {len} kills  {prefix}  {msg}")
        {
            bar.set_style(style);
        }
        bar
    }

    fn keep(&self, history: &[Operation]) -> Result<(), Failure> {
        let Some(path) = &self.history else { return Ok(()) };
        let mut out = BufWriter::new(logbook::create(path)?);
        let written: io::Result<()> =
            history.iter().try_for_each(|operation| write_line(&mut out, operation));
        written.and_then(|()| out.flush()).map_err(|error| logbook::unwritable(path, &error))
    }
}
