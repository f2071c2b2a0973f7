//! `understudy log`: prints the entries of a data directory.

mod describe;

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use understudy_protocol::{Entry, Index};
use understudy_wal::{RealDisk, entries};

use crate::failure::Failure;
use crate::output::Output;

/// Prints the log of a data directory: one entry per line, oldest first. Reads only.
#[derive(Debug, Args)]
pub struct Log {
    /// The data directory.
    dir: PathBuf,
    /// First index to print.
    #[arg(long, default_value_t = 0, value_name = "INDEX")]
    from: Index,
    /// How many entries to print at most.
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// How to print; JSON is one object per line.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
}

impl Log {
    pub fn run(self) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        let entries = entries(&RealDisk::new(&self.dir)).map_err(Failure::new)?;
        let wanted = entries
            .filter(|entry| entry.as_ref().map_or(true, |entry| entry.index >= self.from))
            .take(self.limit.unwrap_or(usize::MAX));
        for entry in wanted {
            let entry = entry.map_err(Failure::new)?;
            match self.output {
                Output::Text => writeln!(out, "{}", text(&entry))?,
                Output::Json => writeln!(out, "{}", to_json(&entry))?,
            }
        }
        Ok(())
    }
}

fn text(entry: &Entry) -> String {
    format!(
        "{:>8}  epoch {:<4} {}  {:<8} {}",
        entry.index,
        entry.epoch,
        describe::time(entry.time.wall),
        describe::kind(entry.kind),
        describe::payload(entry),
    )
}

fn to_json(entry: &Entry) -> serde_json::Value {
    json!({
        "index": entry.index,
        "epoch": entry.epoch,
        "wall_ns": entry.time.wall,
        "elapsed_ns": entry.time.elapsed,
        "kind": describe::kind(entry.kind),
        "hash": format!("{:016x}", entry.hash),
        "bytes": entry.payload.len(),
        "text": describe::payload(entry),
    })
}
