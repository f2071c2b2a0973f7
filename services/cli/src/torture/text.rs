//! Plan, faults and report for people.

use std::fmt::Write as _;

use super::chronicle::Deed;
use super::plan::Round;
use super::report::Report;
use crate::check::counts;
use crate::print::grouped;

/// So many ends of processes are shown.
const ENDS: usize = 10;

/// The plan, one line per fault.
pub fn plan(plan: &[Round]) -> String {
    let mut text = String::new();
    for round in plan {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "round {} of {} s", round.number, seconds(round.length_ms));
        for planned in &round.faults {
            let _ = write!(text, "  {:>6} s  {}", seconds(planned.at_ms), planned.fault);
            let _ = match planned.lasts_ms {
                0 => writeln!(text),
                ms => writeln!(text, ", for {} s", seconds(ms)),
            };
        }
    }
    text
}

/// One fault on one line.
pub fn deed(deed: &Deed) -> String {
    let mut text = format!("{:>8} s  {}", seconds(deed.at_ms), deed.fault);
    if deed.lasted_ms >= 10 {
        text += &format!(", for {} s", seconds(deed.lasted_ms));
    }
    match (deed.done, deed.note.as_str()) {
        (true, "") => {}
        (true, note) => text += &format!(" ({note})"),
        (false, note) => return text + &format!(": SKIPPED: {note}"),
    }
    text + &format!(": no change acknowledged for {} ms", deed.pause_ms)
}

/// The whole report.
pub fn print(report: &Report) -> String {
    let mut text = String::new();
    for (name, value) in lines(report) {
        let _ = writeln!(text, "{name:<14} {value}");
    }
    let ends = report.ends.iter().take(ENDS);
    for line in report.panics.iter().chain(ends).chain(&report.locks.broken) {
        let _ = writeln!(text, "  {line}");
    }
    for violation in &report.verdict.violations {
        let _ = writeln!(text, "  {:?}: {}", violation.property, violation.explanation);
    }
    text
}

fn lines(report: &Report) -> Vec<(&'static str, String)> {
    let operations: u64 = report.operations.values().sum();
    let mut lines = vec![
        ("seed", report.seed.to_string()),
        (
            "load",
            format!(
                "{} clients, {:.1} s, {} operations/s",
                report.clients,
                report.seconds,
                grouped((operations as f64 / report.seconds.max(1e-9)) as u64)
            ),
        ),
        ("operations", format!("{}: {}", grouped(operations), listed(&report.operations))),
        (
            "faults",
            format!(
                "{}: {}; {} skipped",
                grouped(report.faults.values().sum()),
                listed(&report.faults),
                report.skipped
            ),
        ),
        (
            "pauses",
            format!(
                "p50 {} ms, p99 {} ms, worst {} ms",
                report.pauses.p50_ms, report.pauses.p99_ms, report.pauses.worst_ms
            ),
        ),
    ];
    lines.extend(counts(&report.verdict).map(|(name, count)| (name, grouped(count))));
    let locks = &report.locks;
    lines.push((
        "locks",
        format!(
            "{} tenures, {} lost, {} overlaps; {} writes under them, {} refused; longest wait {} ms",
            grouped(locks.tenures),
            grouped(locks.lost),
            grouped(locks.overlaps),
            grouped(locks.writes),
            grouped(locks.refused),
            locks.longest_wait_ms
        ),
    ));
    lines.push(("ends", format!("{} of processes by themselves", report.ends.len())));
    lines.push(("panics", report.panics.len().to_string()));
    if report.interrupted {
        lines.push(("ended early", "by a signal".into()));
    }
    if let Some(why) = &report.not_whole {
        lines.push(("no progress", why.clone()));
    }
    if let Some(kept) = &report.kept {
        lines.push(("kept", format!("history and data directories in {}", kept.display())));
    }
    let verdict = match report.ok {
        true => "one server that did not fail: the history is linearizable",
        false => "SOMETHING IS WRONG",
    };
    lines.push(("verdict", verdict.into()));
    lines
}

fn listed<K: AsRef<str>>(counts: &std::collections::BTreeMap<K, u64>) -> String {
    let each = counts
        .iter()
        .map(|(name, count)| format!("{} {}", grouped(*count), name.as_ref().replace('_', " ")));
    each.collect::<Vec<_>>().join(", ")
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}
