//! What a run has shown.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::tally::Tally;
use super::watching::Watched;
use crate::client::grid;

/// Latencies are in milliseconds.
const HEADINGS: [&str; 9] =
    ["MS", "COUNT", "PER SECOND", "MEAN", "P50", "P90", "P99", "P99.9", "MAX"];

/// What a run has shown.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    pub seconds: f64,
    /// Answers per second.
    pub rate: f64,
    /// Absent if there was none.
    pub put: Option<Latencies>,
    pub get: Option<Latencies>,
    /// Definitely not executed before the deadline.
    pub failed: u64,
    /// Outcome unknown at the deadline.
    pub outcome_unknown: u64,
    /// The longest time in which nobody got an answer.
    pub longest_pause_ms: f64,
    /// Absent if there were none.
    pub watched: Option<Watched>,
}

/// Of one kind of request; milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latencies {
    pub count: u64,
    pub rate: f64,
    pub mean_ms: f64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
}

impl Summary {
    pub fn new(tally: &Tally, took: Duration, watched: Option<Watched>) -> Self {
        let counts = tally.lock();
        Self {
            seconds: round(took.as_secs_f64()),
            rate: round(counts.answers() as f64 / took.as_secs_f64()),
            put: latencies(&counts.puts, took),
            get: latencies(&counts.gets, took),
            failed: counts.failed,
            outcome_unknown: counts.unknown,
            longest_pause_ms: round(counts.pause.as_secs_f64() * 1e3),
            watched,
        }
    }

    pub fn text(&self) -> String {
        let kinds = [("put", self.put), ("get", self.get)];
        let rows = kinds.into_iter().filter_map(|(name, found)| Some(row(name, found?))).collect();
        let table = grid::text(&HEADINGS, rows, &[1, 2, 3, 4, 5, 6, 7, 8]);
        let watched = self.watched.map(|w| {
            format!(
                "\n{} watches: told of {} changes, {:.0}/s",
                w.watches, w.told, w.told_per_second
            )
        });
        format!(
            "{table}\n{:.0}/s for {:.1} s; {} failed, {} with unknown outcome; longest pause {:.1} ms{}",
            self.rate,
            self.seconds,
            self.failed,
            self.outcome_unknown,
            self.longest_pause_ms,
            watched.unwrap_or_default()
        )
    }
}

fn row(name: &str, l: Latencies) -> Vec<String> {
    let times = [l.mean_ms, l.p50_ms, l.p90_ms, l.p99_ms, l.p999_ms, l.max_ms];
    let counts = [name.to_owned(), l.count.to_string(), format!("{:.0}", l.rate)];
    counts.into_iter().chain(times.map(|time| format!("{time:.2}"))).collect()
}

fn latencies(histogram: &Histogram<u64>, took: Duration) -> Option<Latencies> {
    let at = |quantile| round(histogram.value_at_quantile(quantile) as f64 / 1e3);
    (!histogram.is_empty()).then(|| Latencies {
        count: histogram.len(),
        rate: round(histogram.len() as f64 / took.as_secs_f64()),
        mean_ms: round(histogram.mean() / 1e3),
        p50_ms: at(0.5),
        p90_ms: at(0.9),
        p99_ms: at(0.99),
        p999_ms: at(0.999),
        max_ms: round(histogram.max() as f64 / 1e3),
    })
}

/// Three digits after the point are all that was measured.
fn round(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}
