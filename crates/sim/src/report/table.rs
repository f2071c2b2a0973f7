//! Writes how often everything happened into a page of the documentation, and says what happened
//! too seldom.

use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

use understudy_evidence::MARKS;

use crate::hunt::Hunt;
use crate::report::coverage::{self, COVERAGE};
use crate::report::tally::{Often, Tally};

/// The table goes between these two lines.
pub const BEGIN: &str = "<!-- counts: generated, see crates/sim/src/report/table.rs -->";
/// The table ends here.
pub const END: &str = "<!-- end of counts -->";
/// The table of wrong versions goes between these two lines.
pub const BEGIN_HUNTS: &str =
    "<!-- wrong versions: generated, see crates/sim/src/report/table.rs -->";
/// It ends here.
pub const END_HUNTS: &str = "<!-- end of wrong versions -->";

/// Names that must occur and did so less than `least` times.
pub fn too_seldom(tally: &Tally, least: u64) -> Vec<String> {
    coverage::all()
        .filter(|name| tally.times(name) < least)
        .map(|name| format!("{name}: {}", tally.times(name)))
        .collect()
}

/// Puts the table into a file, between [`BEGIN`] and [`END`].
///
/// # Errors
/// When the file cannot be read or written, or does not hold the two lines.
pub fn write(path: &Path, tally: &Tally, from: u64) -> io::Result<()> {
    put(path, BEGIN, END, &table(tally, from))
}

/// Puts who caught which wrong version into a file, between [`BEGIN_HUNTS`] and [`END_HUNTS`].
///
/// # Errors
/// As [`write`].
pub fn write_hunts(path: &Path, hunts: &[Hunt]) -> io::Result<()> {
    let mut out = String::from(
        "| wrong version | rule | what it does | caught by | seeds needed |\n| --- | ---: | --- | --- | ---: |\n",
    );
    for Hunt { mutant, seeds, caught } in hunts {
        let rule = if mutant.rule == 0 { "-".into() } else { mutant.rule.to_string() };
        let by = caught.as_ref().map_or("**survives**", |(_, caught)| caught.property.name());
        let _ = writeln!(out, "| `{}` | {rule} | {} | {by} | {seeds} |", mutant.name, mutant.wrong);
    }
    put(path, BEGIN_HUNTS, END_HUNTS, &out)
}

fn put(path: &Path, begin: &str, end: &str, table: &str) -> io::Result<()> {
    let page = fs::read_to_string(path)?;
    let parts = page.split_once(begin).and_then(|(front, rest)| {
        let (_, back) = rest.split_once(end)?;
        Some((front, back))
    });
    let Some((front, back)) = parts else {
        let why = format!("{} does not hold the lines {begin} and {end}", path.display());
        return Err(io::Error::other(why));
    };
    fs::write(path, format!("{front}{begin}\n{table}{end}{back}"))
}

fn table(tally: &Tally, from: u64) -> String {
    let mut out = String::new();
    let [entries, wins, crashes] = tally.medians();
    let (last, failed) = (from + tally.seeds.saturating_sub(1), tally.failed.len());
    let _ = writeln!(
        out,
        "Seeds {from} to {last}, {failed} failed. The median seed committed {entries} entries, won {wins} register writes and \
         crashed {crashes} times.\n\n| what | times | in seeds |\n| --- | ---: | ---: |"
    );
    let mut rest: Vec<&str> = tally.counts.keys().copied().collect();
    for (section, names) in COVERAGE {
        let _ = writeln!(out, "| **{section}** | | |");
        for name in *names {
            rest.retain(|other| other != name);
            row(&mut out, tally, name);
        }
    }
    let _ = writeln!(out, "| **rules** | | |");
    for mark in MARKS {
        rest.retain(|other| *other != mark.label);
        row(&mut out, tally, mark.label);
    }
    let _ = writeln!(out, "| **also counted** | | |");
    rest.iter().for_each(|name| row(&mut out, tally, name));
    out
}

fn row(out: &mut String, tally: &Tally, name: &str) {
    let Often { times, seeds } = tally.counts.get(name).copied().unwrap_or_default();
    let _ = writeln!(out, "| {name} | {times} | {seeds} |");
}
