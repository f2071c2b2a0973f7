//! `understudy abuse`: one client does to a pair what no client should, and an honest one beside it must not notice.

mod ground;
mod honest;
mod newcomers;
mod rows;
mod stage;
mod ways;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use crate::print;
use rows::Row;
use stage::{Limits, Outcome, Stage};

/// Starts a pair on this machine and lets one client misbehave in every way that is known, an honest client beside
/// it: one Put each 5 ms. Shows what memory the replicas took, whether the role changed, and how long the honest
/// client waited.
///
/// Exit code 1 if anything is beyond what docs/limits.md promises.
#[derive(Debug, Args)]
#[command(after_help = "\
Each way takes a few seconds. With --list they are only named.

Examples:
  understudy abuse
  understudy abuse --only unread-gets,idle-connections
  understudy abuse --cgroup 2147483648 --output json
  understudy abuse --only overwrites --disk 500000000 --seconds 60")]
pub struct Abuse {
    /// Lists the ways and exits.
    #[arg(long)]
    list: bool,
    /// Only these ways, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    only: Vec<String>,
    /// How long each lasts, seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How long one in a hundred honest Puts may take, milliseconds, whatever the way; for machines that others use, too.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    p99_ms: Option<u32>,
    /// Runs the pair in a memory control group with this limit, bytes; needs root.
    #[arg(long, value_name = "BYTES")]
    cgroup: Option<u64>,
    /// Gives each replica a disk of this size, bytes, in memory; needs root.
    #[arg(long, value_name = "BYTES")]
    disk: Option<u64>,
    /// Another `understudy` that runs the replicas, to compare versions.
    #[arg(long, value_name = "PROGRAM")]
    program: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
    /// More arguments for both `understudy serve`, after `--`.
    #[arg(last = true, value_name = "ARGUMENTS")]
    serve: Vec<String>,
}

/// What is shown of one way.
#[derive(Debug, Serialize)]
struct Judged {
    name: &'static str,
    what: &'static str,
    #[serde(flatten)]
    outcome: Outcome,
    /// What is beyond its bounds.
    faults: Vec<String>,
}

impl Abuse {
    pub async fn run(self) -> Result<(), Failure> {
        if self.list {
            rows::ALL
                .iter()
                .for_each(|row| print::line(format_args!("{:24} {}", row.name, row.what)));
            return Ok(());
        }
        let rows = self.rows()?;
        let bar = self.bar(rows.len() as u64);
        let mut judged = Vec::new();
        let limits = Limits { memory: self.cgroup, disk: self.disk };
        let mut stage = Stage::set(self.program.clone(), &self.serve, limits, &bar).await?;
        for row in rows {
            bar.set_message(row.name);
            let outcome = stage.play(row, Duration::from_secs(self.seconds)).await;
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(failure) => {
                    stage.strike().await;
                    return Err(failure);
                }
            };
            let faults = outcome.faults(row, self.p99_ms.map(f64::from));
            let one = Judged { name: row.name, what: row.what, outcome, faults };
            if let Output::Text = self.output {
                bar.suspend(|| print::line(text(&one)));
            }
            judged.push(one);
            bar.inc(1);
        }
        bar.finish_and_clear();
        stage.strike().await;
        if let Output::Json = self.output {
            print::json(&judged);
        }
        match judged.iter().filter(|one| !one.faults.is_empty()).count() {
            0 => Ok(()),
            count => {
                Err(Failure::new(format!("{count} of {} are beyond their bounds", judged.len())))
            }
        }
    }

    fn rows(&self) -> Result<Vec<&'static Row>, Failure> {
        if self.only.is_empty() {
            return Ok(rows::ALL.iter().collect());
        }
        let find = |name: &String| {
            let found = rows::ALL.iter().find(|row| row.name == name);
            found.ok_or_else(|| Failure::usage(format!("there is no {name:?}: see --list")))
        };
        self.only.iter().map(find).collect()
    }

    fn bar(&self, count: u64) -> ProgressBar {
        let bar = ProgressBar::new(count);
        // The template is a constant; a mistake in it would only cost looks.
        if let Ok(style) = ProgressStyle::with_template("{bar:20} {pos} of {len}  {msg}") {
            bar.set_style(style);
        }
        bar
    }
}

fn text(one: &Judged) -> String {
    let Judged { name, outcome, faults, .. } = one;
    let verdict = match faults.is_empty() {
        true => "ok".to_string(),
        false => faults.join("; "),
    };
    let newcomers =
        outcome.newcomers.map(|came| format!(", newcomers {came:3}")).unwrap_or_default();
    format!(
        "{name:24} memory {:5} and {:5} MiB, honest p99 {:7.1} ms, longest {:7.1} ms, refused {:3}{newcomers}: {verdict}",
        outcome.memory[0] >> 20,
        outcome.memory[1] >> 20,
        outcome.p99_ms,
        outcome.longest_ms,
        outcome.refused,
    )
}
