//! The report for people, at most 80 columns wide.

use std::fmt::Write as _;

use super::picture::Picture;
use super::report::Report;
use crate::print::grouped;

/// The whole report.
pub fn print(report: &Report) -> String {
    let mut text = String::new();
    for (number, kill) in report.kills.iter().enumerate() {
        let picture = Picture { bins: kill.requests_per_10_ms.clone() };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "kill {} of {}: primary {} (process {}), no write acknowledged for {} ms\n{}",
            number + 1,
            report.kills.len(),
            kill.replica,
            kill.pid,
            kill.pause_ms,
            picture.text(),
        );
    }
    for (name, value) in lines(report) {
        let _ = writeln!(text, "{name:<14} {value}");
    }
    for wrong in report.versions.wrong.iter().take(10) {
        let _ = writeln!(text, "  {wrong}");
    }
    for violation in &report.verdict.violations {
        let _ = writeln!(text, "  {:?}: {}", violation.property, violation.explanation);
    }
    text
}

fn lines(report: &Report) -> Vec<(&'static str, String)> {
    let verdict = &report.verdict;
    let right =
        report.versions.keys - (report.versions.wrong.len() as u64).min(report.versions.keys);
    vec![
        ("pictures", "requests answered in each 10 ms; each picture has its own scale".into()),
        (
            "load",
            format!(
                "{} clients, {:.1} s, {} requests/s, {} writes/s",
                report.clients,
                report.seconds,
                grouped(report.requests_per_second),
                grouped(report.writes_per_second),
            ),
        ),
        (
            "pauses",
            format!("median {} ms, worst {} ms", report.median_pause_ms, report.worst_pause_ms),
        ),
        ("acknowledged", grouped(verdict.acknowledged)),
        ("lost", grouped(verdict.lost)),
        ("duplicated", grouped(verdict.duplicated)),
        ("failed", grouped(verdict.failed)),
        ("unknown", grouped(verdict.unknown)),
        (
            "versions",
            format!("{right} of {} keys equal their acknowledged writes", report.versions.keys),
        ),
        (
            "verdict",
            match report.ok {
                true => "one server that did not fail: the history is linearizable".into(),
                false => "SOMETHING IS WRONG".into(),
            },
        ),
    ]
}
