//! `understudy check`: judges a recorded history again.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use understudy_history::{Beginning, Verdict, check_from, read_history};

use crate::failure::Failure;
use crate::output::Output;
use crate::print::{self, grouped};

/// Judges a recorded history: whether one server that does not fail could have given its answers.
///
/// docs/history.md describes the format. Exit code 1 if the history is contradicted.
#[derive(Debug, Args)]
pub struct Check {
    /// The history, one JSON object per line.
    #[arg(long, value_name = "FILE")]
    history: PathBuf,
    /// Others wrote other keys of the same cluster meanwhile, so the history need not explain every
    /// revision. The history of a torture says so itself.
    #[arg(long)]
    others: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
}

#[derive(Serialize)]
struct Judged {
    ok: bool,
    #[serde(flatten)]
    verdict: Verdict,
}

impl Check {
    pub fn run(self) -> Result<(), Failure> {
        let verdict = judge(&self.history, self.others)?;
        let ok = verdict.is_ok();
        match self.output {
            Output::Text => print::line(text(&verdict).trim_end()),
            Output::Json => print::json(&Judged { ok, verdict }),
        }
        match ok {
            true => Ok(()),
            false => Err(Failure::new(format!(
                "{} is contradicted: see the violations",
                self.history.display()
            ))),
        }
    }
}

/// What the checkers say of a file; `others`: whether somebody else wrote other keys meanwhile, if the file
/// does not say so.
///
/// # Errors
/// When it cannot be read.
pub fn judge(path: &Path, others: bool) -> Result<Verdict, Failure> {
    let file = File::open(path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
    let (beginning, history) = read_history(BufReader::new(file)).map_err(Failure::new)?;
    let others = Beginning { others, ..Beginning::default() };
    Ok(check_from(&history, beginning.and(others)))
}

fn text(verdict: &Verdict) -> String {
    let judged = match verdict.is_ok() {
        true => "the history is linearizable",
        false => "SOMETHING IS WRONG",
    };
    let mut text = counts(verdict)
        .into_iter()
        .map(|(name, count)| format!("{name:<14} {}\n", grouped(count)))
        .collect::<String>();
    text += &format!("{:<14} {judged}\n", "verdict");
    for violation in &verdict.violations {
        let explanation = print::text(violation.explanation.as_bytes());
        text += &format!("  {:?}: {explanation}\n", violation.property);
    }
    text
}

/// The counts of a verdict, with their names.
pub fn counts(verdict: &Verdict) -> [(&'static str, u64); 5] {
    [
        ("acknowledged", verdict.acknowledged),
        ("lost", verdict.lost),
        ("duplicated", verdict.duplicated),
        ("failed", verdict.failed),
        ("unknown", verdict.unknown),
    ]
}
