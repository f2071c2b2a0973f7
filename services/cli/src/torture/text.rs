//! Plan, faults and report for people.

use std::fmt::Write as _;

use super::fault_log::FaultRecord;
use super::plan::Round;
use super::report::Report;
use crate::check::counts;
use crate::print::{grouped, wrapped};

/// This many ends of processes are shown.
const ENDS: usize = 10;
/// Where the values of the report begin.
const VALUE: usize = 15;
/// Where what a line has no room for goes on.
const NOTE_INDENT: usize = 14;

/// The plan, one line per fault.
pub fn plan(plan: &[Round]) -> String {
    let mut text = String::new();
    for round in plan {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "round {} of {} s", round.number, seconds(round.length_ms));
        for planned in &round.faults {
            let mut line = format!("  {:>6} s  {}", seconds(planned.at_ms), planned.fault);
            if planned.lasts_ms > 0 {
                line += &format!(", for {} s", seconds(planned.lasts_ms));
            }
            let _ = writeln!(text, "{}", wrapped(&line, NOTE_INDENT));
        }
    }
    text
}

/// One fault.
pub fn fault(record: &FaultRecord) -> String {
    let mut text = format!("{:>8} s  {}", seconds(record.at_ms), record.fault);
    if record.lasted_ms >= 10 {
        text += &format!(", for {} s", seconds(record.lasted_ms));
    }
    match (record.done, record.note.as_str()) {
        (true, "") => {}
        (true, note) => text += &format!(" ({note})"),
        (false, note) => return wrapped(&(text + &format!(": SKIPPED: {note}")), NOTE_INDENT),
    }
    text += &format!(": no change acknowledged for {} ms", record.pause_ms);
    wrapped(&text, NOTE_INDENT)
}

/// The whole report.
pub fn print(report: &Report) -> String {
    let mut text = String::new();
    for (name, value) in lines(report) {
        let line = format!("{name:<14} {value}");
        let _ = writeln!(text, "{}", wrapped(&line, VALUE));
    }
    let ends = report.ends.iter().take(ENDS);
    for line in report.panics.iter().chain(ends).chain(&report.locks.broken) {
        let _ = writeln!(text, "{}", wrapped(&format!("  {line}"), 6));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torture::fault::Kind;

    #[test]
    fn a_fault_fits_into_80_columns() {
        let mut record = FaultRecord {
            at_ms: 1_234_567,
            lasted_ms: 12_345,
            kind: Kind::Partition,
            fault: "cut the primary from everybody, both ways".into(),
            note: "a and b".into(),
            done: true,
            pause_ms: 12_345,
        };
        let told = fault(&record);
        record.done = false;
        record.note = "the register cannot be read ".repeat(5);
        for text in [told, fault(&record)] {
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        }
    }
}
