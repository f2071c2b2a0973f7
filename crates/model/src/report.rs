//! The tables.

use std::fmt::Write as _;

use crate::bounds::Bounds;
use crate::cases::{Case, Expects};
use crate::check::{self, Outcome, Verdict};
use crate::configurations::Configuration;
use crate::protocol::Protocol;
use crate::trace;
use crate::walk::walk;

/// A row: its cells, and whether all is as it must be.
pub struct Row {
    /// In the order of the head.
    pub cells: Vec<String>,
    /// `false` is a finding.
    pub as_expected: bool,
}

/// The head of [`explored`]'s rows.
pub const EXPLORED: [&str; 7] =
    ["configuration", "bounds", "generated", "states", "depth", "seconds", "verdict"];

/// The head of [`refuted`]'s rows.
pub const REFUTED: [&str; 6] = ["rule", "wrong", "what it does", "violates", "actions", "states"];

/// Explores a configuration with the right rules.
pub fn explored(configuration: &Configuration, threads: usize) -> Row {
    let Configuration { name, bounds, reached } = configuration;
    row(name, bounds, &check::explore(*bounds, reached, threads))
}

/// Walks at random with the right rules.
pub fn walked(bounds: Bounds, seed: u64, steps: usize) -> Row {
    row("random walk", &bounds, &walk(&Protocol::right(bounds), seed, steps))
}

fn row(name: &str, bounds: &Bounds, outcome: &Outcome) -> Row {
    let Outcome { generated, states, depth, took, verdict } = outcome;
    let verdict = match verdict {
        Verdict::Holds { missed } if missed.is_empty() => "holds".to_string(),
        Verdict::Holds { missed } => format!("never reached: {}", missed.join(", ")),
        Verdict::Violated { property, actions } => {
            let steps = trace::lines(&Protocol::right(*bounds), actions).join("; ");
            format!("VIOLATED: {property}: {steps}")
        }
    };
    let as_expected = verdict == "holds";
    let cells = vec![
        name.to_string(),
        bounds.to_string(),
        thousands(*generated),
        thousands(*states),
        depth.to_string(),
        format!("{:.1}", took.as_secs_f64()),
        verdict,
    ];
    Row { cells, as_expected }
}

/// Looks for what a wrong rule leads to.
pub fn refuted(case: &Case) -> Row {
    let outcome = case.shortest();
    let (violates, actions) = match (&outcome.verdict, case.expects) {
        (Verdict::Violated { property, actions }, _) => {
            (property.to_string(), actions.len().to_string())
        }
        (Verdict::Holds { .. }, Expects::Nothing(why)) => (format!("nothing: {why}"), "-".into()),
        (Verdict::Holds { .. }, Expects::Breaks(_)) => ("NOTHING FOUND".into(), "-".into()),
    };
    let rules: Vec<String> = case.wrongs.iter().map(|wrong| wrong.rule().to_string()).collect();
    let says: Vec<&str> = case.wrongs.iter().map(|wrong| wrong.says()).collect();
    let cells = vec![
        rules.join(", "),
        case.name(),
        says.join("; "),
        violates,
        actions,
        thousands(outcome.states),
    ];
    Row { cells, as_expected: case.is_met(&outcome.verdict) }
}

/// The counterexample of a case as text, or why there is none.
pub fn story(case: &Case) -> String {
    let outcome = case.shortest();
    let mut out = format!("{}\nwithin {}\n", case.name(), case.bounds);
    match (&outcome.verdict, case.expects) {
        (Verdict::Violated { property, actions }, _) => {
            let lines = trace::lines(&case.model(), actions);
            for (number, line) in lines.iter().enumerate() {
                let _ = writeln!(out, "{:>4}  {line}", number + 1);
            }
            let _ = writeln!(out, "violated: {property}");
        }
        (Verdict::Holds { .. }, Expects::Nothing(why)) => {
            let states = thousands(outcome.states);
            let _ = writeln!(out, "no counterexample in all of {states} states: {why}");
        }
        (Verdict::Holds { .. }, Expects::Breaks(property)) => {
            let _ = writeln!(out, "no counterexample, but there should be one: {property}");
        }
    }
    out
}

/// A table of Markdown.
pub fn markdown(head: &[&str], rows: &[Row]) -> String {
    let mut out = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len()));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.cells.join(" | "));
    }
    out
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
