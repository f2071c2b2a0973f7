//! What many seeds gave together.

use std::collections::BTreeMap;
use std::fmt;

use crate::report::Report;
use crate::world::clock::SECOND;

/// How often something happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Often {
    /// In all seeds together.
    pub times: u64,
    /// In how many seeds at least once.
    pub seeds: u64,
}

/// The sum of many reports.
#[derive(Debug, Default)]
pub struct Tally {
    /// Seeds run.
    pub seeds: u64,
    /// Simulated nanoseconds.
    pub time: u64,
    /// By name.
    pub counts: BTreeMap<&'static str, Often>,
    /// Seeds that failed, with what was wrong.
    pub failed: Vec<(u64, String)>,
    committed: Vec<u64>,
    wins: Vec<u64>,
    crashes: Vec<u64>,
}

impl Tally {
    /// Adds a seed.
    pub fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.time += report.time;
        self.committed.push(report.committed);
        self.wins.push(report.wins);
        self.crashes.push(report.counts.crashes());
        for (name, count) in &report.counts.by_name {
            let often = self.counts.entry(name).or_default();
            often.times += count;
            often.seeds += u64::from(*count > 0);
        }
        if let Some(violation) = &report.violation {
            self.failed.push((report.seed, violation.to_string()));
        }
    }

    /// How often this happened in all seeds.
    pub fn times(&self, name: &str) -> u64 {
        self.counts.get(name).map_or(0, |often| often.times)
    }

    /// What the median seed did: committed entries, won register writes, crashes of a process.
    pub fn medians(&self) -> [u64; 3] {
        [&self.committed, &self.wins, &self.crashes].map(|values| median(values))
    }

    /// Simulated seconds.
    pub fn simulated(&self) -> f64 {
        self.time as f64 / SECOND as f64
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, often) in &self.counts {
            writeln!(f, "{:>12} {name} (in {} seeds)", often.times, often.seeds)?;
        }
        for (seed, violation) in &self.failed {
            writeln!(f, "FAILED seed {seed}: {violation}")?;
        }
        let [entries, wins, crashes] = self.medians();
        writeln!(
            f,
            "the median seed: {entries} entries committed, {wins} register writes won, {crashes} crashes"
        )?;
        let committed: u64 = self.committed.iter().sum();
        let (seeds, failed) = (self.seeds, self.failed.len());
        write!(f, "{seeds} seeds, {failed} failed, {committed} entries committed")
    }
}

fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}
