//! Writes how often everything happened into a page of the documentation, and says what happened
//! too seldom.

use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

use crate::tally::{Often, Tally};
use crate::wanted::WANTED;

/// The table goes between these two lines.
pub const BEGIN: &str = "<!-- counts: generated, see crates/sim/src/table.rs -->";
/// The table ends here.
pub const END: &str = "<!-- end of counts -->";

/// Names that must occur and did so less than `least` times.
pub fn too_seldom(tally: &Tally, least: u64) -> Vec<String> {
    let names = WANTED.iter().flat_map(|(_, names)| names.iter());
    names
        .filter(|name| tally.times(name) < least)
        .map(|name| format!("{name}: {}", tally.times(name)))
        .collect()
}

/// Puts the table into a file, between [`BEGIN`] and [`END`].
///
/// # Errors
/// When the file cannot be read or written, or does not hold the two lines.
pub fn write(path: &Path, tally: &Tally, from: u64) -> io::Result<()> {
    let page = fs::read_to_string(path)?;
    let parts = page.split_once(BEGIN).and_then(|(front, rest)| {
        let (_, back) = rest.split_once(END)?;
        Some((front, back))
    });
    let Some((front, back)) = parts else {
        let why = format!("{} does not hold the lines {BEGIN} and {END}", path.display());
        return Err(io::Error::other(why));
    };
    fs::write(path, format!("{front}{BEGIN}\n{}{END}{back}", table(tally, from)))
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
    for (section, names) in WANTED {
        let _ = writeln!(out, "| **{section}** | | |");
        for name in *names {
            rest.retain(|other| other != name);
            row(&mut out, tally, name);
        }
    }
    let _ = writeln!(out, "| **also counted** | | |");
    rest.iter().for_each(|name| row(&mut out, tally, name));
    out
}

fn row(out: &mut String, tally: &Tally, name: &str) {
    let Often { times, seeds } = tally.counts.get(name).copied().unwrap_or_default();
    let _ = writeln!(out, "| {name} | {times} | {seeds} |");
}
