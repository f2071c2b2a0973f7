//! `understudy abuse`: one client does to a pair what no client should, and an honest one beside it must not notice.

mod data;
mod honest;
mod newcomers;
mod rows;
mod testbed;
mod ways;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use crate::print::{self, wrapped};
use rows::Row;
use testbed::{Limits, Outcome, TestBed};

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
                .for_each(|row| print::line(wrapped(&format!("{:24} {}", row.name, row.what), 25)));
            return Ok(());
        }
        let rows = self.rows()?;
        let bar = self.bar(rows.len() as u64);
        let mut judged = Vec::new();
        let limits = Limits { memory: self.cgroup, disk: self.disk };
        let mut testbed = TestBed::start(self.program.clone(), &self.serve, limits, &bar).await?;
        for row in rows {
            bar.set_message(row.name);
            let outcome = testbed.run(row, Duration::from_secs(self.seconds)).await;
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(failure) => {
                    testbed.stop().await;
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
        testbed.stop().await;
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

/// One line, and one for each thing worth more words.
fn text(one: &Judged) -> String {
    let Judged { name, outcome, faults, .. } = one;
    let [a, b] = outcome.memory.map(|bytes| bytes >> 20);
    let verdict = if faults.is_empty() { "ok" } else { "NO" };
    let mut text = format!(
        "{name:22} {a:4}/{b:4} MiB  honest p99 {:6.1}, longest {:7.1} ms  {verdict}",
        outcome.p99_ms, outcome.longest_ms,
    );
    let served = outcome.newcomers.map(|count| format!("{count} newcomers served"));
    for more in served.iter().chain(faults) {
        text += "\n";
        text += &wrapped(&format!("{:22} {more}", ""), 23);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_text_fits_into_80_columns() {
        for row in rows::ALL {
            let outcome = Outcome {
                memory: [9999 << 20; 2],
                changes: 3,
                p99_ms: 1234.5,
                longest_ms: 12_345.6,
                refused: 1_000,
                newcomers: Some(1_000),
                turned_away: vec!["QUOTA_EXCEEDED: others have more than their share".into()],
            };
            let faults = outcome.faults(row, None);
            let one = Judged { name: row.name, what: row.what, outcome, faults };
            let text = text(&one);
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        }
    }
}
