//! `understudy status`.

mod report;
mod table;

use std::io::IsTerminal as _;
use std::pin::pin;
use std::time::Duration;

use clap::Args;
use understudy_client::Client;

use self::report::Report;
use super::connection::Connection;
use super::{duration, print};
use crate::failure::Failure;

/// Moves to the top of the terminal and clears what is below.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Shows all replicas: those at the endpoints, and those that these name.
#[derive(Debug, Args)]
#[command(
    after_help = "Positions are indexes of the log: last is its end, durable is on the replica's
disk, committed is on every replica that must have it, applied is executed.
BEHIND counts the entries that a follower has yet to acknowledge. Reasons and
warnings follow the table.

Examples:
  understudy status --watch
  understudy status --wide
  understudy status --output json | jq '.replicas[] | {name, role, epoch}'"
)]
pub struct Status {
    /// Repeats until Ctrl-C; JSON: one line each time.
    #[arg(long)]
    watch: bool,
    /// Shows all columns: the log's end, what is on disk, and memory, too; 120 columns and more.
    #[arg(long)]
    wide: bool,
    /// How often, with --watch.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration::parse)]
    interval: Duration,
    /// How long to wait for each replica.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration::parse)]
    patience: Duration,
    #[command(flatten)]
    connection: Connection,
}

impl Status {
    pub async fn run(self) -> Result<(), Failure> {
        let client = self.connection.client();
        if !self.watch {
            let report = self.show(&client).await;
            return if report.is_answered() { print::written() } else { Err(nobody(&report)) };
        }
        let mut closed = pin!(print::closed());
        loop {
            self.show(&client).await;
            print::written()?;
            tokio::select! {
                () = tokio::time::sleep(self.interval) => {}
                () = &mut closed => return Err(Failure::Closed),
            }
        }
    }

    async fn show(&self, client: &Client) -> Report {
        let mut report = Report::new(&client.cluster_status(self.patience).await);
        if self.connection.is_by_default() {
            report.drop_guesses();
        }
        if self.connection.json() {
            print::json(&report);
        } else if self.watch && std::io::stdout().is_terminal() {
            print::bytes(format!("{CLEAR}{}\n", table::text(&report, self.wide)).as_bytes());
        } else {
            print::line(table::text(&report, self.wide));
        }
        report
    }
}

fn nobody(report: &Report) -> Failure {
    let addresses: Vec<&str> = report.replicas.iter().map(|r| r.address.as_str()).collect();
    Failure::Unavailable(format!(
        "no replica answered at {}: start the pair (`understudy dev`), or give --endpoints",
        addresses.join(", ")
    ))
}
