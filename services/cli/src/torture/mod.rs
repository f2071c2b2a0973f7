//! `understudy torture`: real processes under load and faults of all kinds, judged from the
//! recorded history.

mod clients;
mod command;
mod fault;
mod fault_log;
mod faults;
mod journal;
mod locks;
mod netns;
mod network;
mod pinned;
mod plan;
mod proxies;
mod proxy;
mod report;
mod run;
mod runner;
mod setup;
mod shim;
mod stop;
mod subject;
mod text;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use understudy_client::Endpoints;

use crate::failure::Failure;
use crate::output::Output;
use crate::print;
use fault::Kind;
use plan::Round;

/// Puts load on a pair, injects faults into it, and checks from the recorded history that it behaved
/// like one server that does not fail.
///
/// Without --endpoints the pair is its own: two processes on this machine, in a temporary directory.
/// With --endpoints it is yours, and the faults are the commands given with --fault; keys that begin
/// with `torture/` are written, and removed at the end.
///
/// Exit code 1 if anything is off.
#[derive(Debug, Args)]
#[command(after_help = "\
A round takes 20 s. After each, all faults are ended, and the pair must be
complete again within 60 s.

Examples:
  understudy torture --minutes 30 --seed 7 --history history.jsonl
  understudy torture --minutes 5 --faults kill,pause,partition
  understudy torture --endpoints a:7440,b:7440 \\
    --fault 'kubectl delete pod understudy-0'")]
pub struct Torture {
    /// How long to run, minutes; fractions are allowed.
    #[arg(long, default_value = "1", value_parser = minutes)]
    minutes: Duration,
    /// What faults and requests are drawn from. The same seed gives the same faults at the same
    /// times. Default: a random one, which is printed.
    #[arg(long)]
    seed: Option<u64>,
    /// Writes the history to this file, one JSON object per line; see docs/history.md.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Writes the replicas' logs to this file.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// How many clients.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=1000))]
    clients: u64,
    /// Requests per second at most, of all clients together.
    #[arg(long, default_value_t = 1500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// The faults, separated by commas. Default: all that are possible here.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "FAULT,...",
        conflicts_with = "endpoints"
    )]
    faults: Vec<Kind>,
    /// Runs each replica in a network namespace of its own, so that real packets are lost; needs
    /// root and the commands `ip` and `nft`.
    #[arg(long, conflicts_with = "endpoints")]
    netns: bool,
    /// Prints the plan and exits.
    #[arg(long)]
    plan: bool,
    /// Replicas of your own: host:port, separated by commas.
    #[arg(long, value_name = "A,B")]
    endpoints: Option<Endpoints>,
    /// A command that is run through `sh -c` at moments drawn from the seed; may be given again.
    #[arg(long = "fault", value_name = "COMMAND", requires = "endpoints")]
    commands: Vec<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
    /// More arguments for both `understudy serve`, after `--`.
    #[arg(last = true, value_name = "ARGUMENTS")]
    serve: Vec<String>,
}

impl Torture {
    pub async fn run(self) -> Result<(), Failure> {
        let seed = self.seed.unwrap_or_else(|| fastrand::u64(0..1_000_000));
        let plan = plan::draw(seed, self.minutes, &self.kinds(), self.commands.len());
        if self.plan {
            return self.show(&plan);
        }
        // First of all, for a run that nobody sees the end of.
        let faults: usize = plan.iter().map(|round| round.faults.len()).sum();
        print::note(format_args!("seed {seed}: {faults} faults in {} rounds", plan.len()));
        let report = run::run(&self, seed, &plan).await?;
        match self.output {
            Output::Text => print::line(text::print(&report).trim_end()),
            Output::Json => print::json(&report),
        }
        match report.ok {
            true => Ok(()),
            false => Err(Failure::new(format!(
                "the torture found something: see the report; {}",
                report.again()
            ))),
        }
    }

    fn kinds(&self) -> Vec<Kind> {
        if self.endpoints.is_some() {
            return if self.commands.is_empty() { Vec::new() } else { vec![Kind::Command] };
        }
        let mut kinds = self.faults.clone();
        if kinds.is_empty() {
            kinds = Kind::possible(self.netns);
        }
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    fn show(&self, plan: &[Round]) -> Result<(), Failure> {
        match self.output {
            Output::Json => print::json(&plan),
            Output::Text => print::line(text::plan(plan).trim_end()),
        }
        print::written()
    }
}

fn minutes(text: &str) -> Result<Duration, String> {
    let wrong = || "write a number of minutes such as 30 or 0.5, at most a week".to_owned();
    let minutes: f64 = text.parse().map_err(|_| wrong())?;
    match (0.05..=10_080.0).contains(&minutes) {
        // Whole milliseconds, as the plan counts.
        true => Ok(Duration::from_millis((minutes * 60_000.0) as u64)),
        false => Err(wrong()),
    }
}
