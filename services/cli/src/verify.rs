//! `understudy verify`: a read-only check of a data directory.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use understudy_wal::{RealDisk, Report, verify};

use crate::failure::Failure;
use crate::output::Output;
use crate::print;

/// Checks every file and checksum of a data directory. Reads only, so that it can be used on a
/// directory in use; then the log may move on meanwhile.
///
/// Exit code 1 if something keeps a replica from starting on it.
#[derive(Debug, Args)]
pub struct Verify {
    /// The data directory.
    dir: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
}

impl Verify {
    pub fn run(self) -> Result<(), Failure> {
        let report = verify(&RealDisk::new(&self.dir)).map_err(|error| {
            Failure::new(format!("cannot read {}: {error}", self.dir.display()))
        })?;
        match self.output {
            Output::Text => print::line(text(&report)),
            Output::Json => print::json(&to_json(&report)),
        }
        match report.problems.len() {
            0 => Ok(()),
            n => Err(Failure::new(format!(
                "{} has {n} problem(s): if another replica is a member, `understudy recover \
                 set-aside` lets this one join anew",
                self.dir.display()
            ))),
        }
    }
}

fn text(report: &Report) -> String {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".into());
    let mut lines = vec![
        ("cluster", or_none(report.cluster.map(|id| id.to_string()))),
        ("incarnation", or_none(report.incarnation.map(|id| id.to_string()))),
        ("register", or_none(report.state.register.map(|uid| uid.to_string()))),
        ("life", report.life.to_string()),
        ("ended in order", if report.clean { "yes" } else { "no" }.into()),
        ("epoch", report.state.epoch.to_string()),
        ("commit index", format!("at least {}", report.state.commit)),
        ("log", format!("entries {} to {}", report.first, report.last)),
        ("snapshot", or_none(report.snapshot.map(|p| format!("as of entry {}", p.index)))),
    ];
    if let Some(why) = &report.state.halted {
        lines.push(("halted", why.clone()));
    }
    for segment in &report.segments {
        lines.push((
            "segment",
            format!(
                "{}: entries {} to {}, {} bytes",
                segment.file, segment.first, segment.last, segment.bytes
            ),
        ));
    }
    match report.problems.is_empty() {
        true => lines.push(("problems", "none".into())),
        false => lines.extend(report.problems.iter().map(|p| ("problem", p.to_string()))),
    }
    lines
        .into_iter()
        .map(|(name, value)| format!("{name:15} {value}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn to_json(report: &Report) -> Value {
    json!({
        "cluster": report.cluster.map(|id| id.to_string()),
        "incarnation": report.incarnation.map(|id| id.to_string()),
        "register": report.state.register.map(|uid| uid.to_string()),
        "life": report.life,
        "clean": report.clean,
        "epoch": report.state.epoch,
        "commit": report.state.commit,
        "halted": report.state.halted,
        "first": report.first,
        "last": report.last,
        "snapshot": report.snapshot.map(|position| position.index),
        "segments": report.segments.iter().map(|segment| json!({
            "file": segment.file,
            "first": segment.first,
            "last": segment.last,
            "bytes": segment.bytes,
        })).collect::<Vec<_>>(),
        "problems": report.problems.iter().map(|problem| json!({
            "file": problem.file,
            "offset": problem.offset,
            "index": problem.index,
            "why": problem.why,
        })).collect::<Vec<_>>(),
    })
}
