//! What a demo found.

use serde::Serialize;
use understudy_history::{Operation, Outcome, Verdict, check};

use super::kill::Kill;
use super::picture::Picture;
use super::versions::{Versions, written};
use understudy_load::pauses::{longest, median};

const MS: u64 = 1_000_000;

/// What a demo found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether nothing is off: nothing lost, duplicated, failed or unknown, and every checker content.
    pub ok: bool,
    /// Clients that put load on the pair.
    pub clients: u64,
    /// How long they did, seconds.
    pub seconds: f64,
    /// Answered requests per second, pauses included.
    pub requests_per_second: u64,
    /// Acknowledged writes per second, pauses included.
    pub writes_per_second: u64,
    /// Each kill.
    pub kills: Vec<KillReport>,
    /// The median of all pauses, milliseconds.
    pub median_pause_ms: u64,
    /// The worst of them.
    pub worst_pause_ms: u64,
    /// What the checkers say.
    pub verdict: Verdict,
    /// What the keys' versions say.
    pub versions: Versions,
}

/// What one kill did to the clients.
#[derive(Debug, Serialize)]
pub struct KillReport {
    /// Milliseconds from the load's beginning.
    pub at_ms: u64,
    /// Who.
    pub replica: &'static str,
    /// Which process.
    pub pid: u32,
    /// The longest time without an acknowledged write from the kill on, milliseconds.
    pub pause_ms: u64,
    /// Answered requests per 10 ms; the first 16 lie before the kill.
    pub requests_per_10_ms: Vec<u64>,
}

impl Report {
    /// Judges a history.
    pub fn new(history: &[Operation], kills: &[Kill], clients: u64) -> Self {
        let (answers, writes) = ends(history);
        let last = answers.last().copied().unwrap_or(0);
        // After the last write the clients only read everything back: that is no pause.
        let written = writes.last().copied().unwrap_or(0);
        let end = |kill: &Kill| if written > kill.at { written } else { last.max(kill.at) };
        let nexts = kills.iter().skip(1).map(|kill| kill.at).chain(kills.last().map(end));
        let kills: Vec<KillReport> = kills
            .iter()
            .zip(nexts)
            .map(|(kill, next)| KillReport::new(kill, next, &answers, &writes))
            .collect();
        let pauses: Vec<u64> = kills.iter().map(|kill| kill.pause_ms).collect();
        let verdict = check(history);
        let versions = Versions::check(history);
        let seconds = last as f64 / 1e9;
        let rate = |count: usize| (count as f64 / seconds.max(1e-9)) as u64;
        Report {
            ok: verdict.is_ok()
                && versions.wrong.is_empty()
                && verdict.failed + verdict.unknown == 0,
            clients,
            seconds,
            requests_per_second: rate(answers.len()),
            writes_per_second: rate(writes.len()),
            kills,
            worst_pause_ms: pauses.iter().copied().max().unwrap_or(0),
            median_pause_ms: median(pauses),
            verdict,
            versions,
        }
    }
}

impl KillReport {
    fn new(kill: &Kill, next: u64, answers: &[u64], writes: &[u64]) -> Self {
        let (begin, end) = longest(writes, kill.at, next);
        KillReport {
            at_ms: kill.at / MS,
            replica: kill.replica,
            pid: kill.pid,
            pause_ms: (end - begin) / MS,
            requests_per_10_ms: Picture::new(answers, kill.at, end).bins,
        }
    }
}

/// When each request was answered, and when each write was acknowledged, ascending.
fn ends(history: &[Operation]) -> (Vec<u64>, Vec<u64>) {
    let (mut answers, mut writes) = (Vec::new(), Vec::new());
    for operation in history {
        if let Outcome::Ok(answer) = &operation.outcome {
            answers.push(operation.end);
            if !written(&operation.action, &answer.reply).is_empty() {
                writes.push(operation.end);
            }
        }
    }
    answers.sort_unstable();
    writes.sort_unstable();
    (answers, writes)
}
