//! What a run found, fault by fault.

use std::fmt::Write as _;

use serde::Serialize;
use understudy_load::pauses::rank;

use crate::record::Record;

/// What the rounds of one fault found. One line of the output in JSON.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Which fault.
    pub fault: String,
    /// How many rounds were played.
    pub rounds: usize,
    /// Acknowledged operations.
    pub acknowledged: u64,
    /// Acknowledged writes that are gone.
    pub lost: u64,
    /// Writes that were executed more than once.
    pub duplicated: u64,
    /// Operations of clients of the library without an answer within 30 s.
    pub failed: u64,
    /// The longest time without an acknowledged change in each round, through the library.
    pub pause_ms: Pauses,
    /// The longest operation of a client of the library, milliseconds.
    pub slowest_ms: u64,
    /// Operations of clients of the Service without an answer within 30 s.
    pub service_failed: u64,
    /// The longest time without an acknowledged change in each round, through the Service.
    pub service_pause_ms: Pauses,
    /// The longest operation of a client of the Service, milliseconds.
    pub service_slowest_ms: u64,
    /// From a replica's pod running again, or from the repair, to two members again, seconds; the
    /// longest.
    pub restored_s: f64,
    /// The median of that.
    pub restored_p50_s: f64,
    /// From the fault itself to two members again, seconds; the longest.
    pub whole_s: f64,
    /// Rounds in which something was off: lost, duplicated, contradicted, or not repaired in time.
    pub wrong: usize,
}

/// Pauses of all rounds, milliseconds.
#[derive(Debug, Serialize)]
pub struct Pauses {
    /// Half of them were not longer.
    pub p50: u64,
    /// 99 of 100 were not longer; of fewer than 100 rounds: none.
    pub p99: u64,
    /// None was longer.
    pub max: u64,
}

impl Summary {
    /// Of the rounds of one fault.
    pub fn of(fault: &str, rounds: &[Record]) -> Self {
        let sum = |what: fn(&Record) -> u64| rounds.iter().map(what).sum();
        let sorted = |what: fn(&Record) -> u64| {
            let mut values: Vec<u64> = rounds.iter().map(what).collect();
            values.sort_unstable();
            values
        };
        let seconds = |ms: u64| ms as f64 / 1e3;
        let restored = sorted(|round| round.restored_ms);
        Summary {
            fault: fault.to_owned(),
            rounds: rounds.len(),
            acknowledged: sum(|round| round.acknowledged),
            lost: sum(|round| round.lost),
            duplicated: sum(|round| round.duplicated),
            failed: sum(|round| round.library.failed),
            pause_ms: Pauses::of(&sorted(|round| round.library.pause_ms)),
            slowest_ms: rank(&sorted(|round| round.library.slowest_ms), 100),
            service_failed: sum(|round| round.service.failed),
            service_pause_ms: Pauses::of(&sorted(|round| round.service.pause_ms)),
            service_slowest_ms: rank(&sorted(|round| round.service.slowest_ms), 100),
            restored_s: seconds(rank(&restored, 100)),
            restored_p50_s: seconds(rank(&restored, 50)),
            whole_s: seconds(rank(&sorted(|round| round.whole_ms), 100)),
            wrong: rounds.iter().filter(|round| !round.is_ok()).count(),
        }
    }
}

impl Pauses {
    fn of(ascending: &[u64]) -> Self {
        let rank = |percent| rank(ascending, percent);
        Pauses { p50: rank(50), p99: rank(99), max: rank(100) }
    }
}

/// All of them as a table in Markdown.
pub fn table(summaries: &[Summary]) -> String {
    let mut text = String::from(
        "| fault | rounds | acknowledged | lost | duplicated | library: failed | pause p50 / p99 / worst, ms | \
         slowest, ms | Service: failed | pause p50 / p99 / worst, ms | slowest, ms | two members again, s \
         (from the fault) |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let pauses = |Pauses { p50, p99, max }: &Pauses| format!("{p50} / {p99} / {max}");
    for one in summaries {
        let wrong = if one.wrong > 0 { format!(", {} WRONG", one.wrong) } else { String::new() };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {}{wrong} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1} ({:.1}) |",
            one.fault,
            one.rounds,
            one.acknowledged,
            one.lost,
            one.duplicated,
            one.failed,
            pauses(&one.pause_ms),
            one.slowest_ms,
            one.service_failed,
            pauses(&one.service_pause_ms),
            one.service_slowest_ms,
            one.restored_s,
            one.whole_s,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Met;

    fn record(round: u32, pause_ms: u64, lost: u64) -> Record {
        let library = Met { acknowledged: 10, failed: 0, pause_ms, slowest_ms: 40 };
        Record {
            fault: "sigkill".into(),
            round,
            struck: 0,
            primary: "understudy-0".into(),
            acknowledged: 15,
            lost,
            duplicated: 0,
            library,
            service: Met { acknowledged: 5, failed: 1, pause_ms: 2 * pause_ms, slowest_ms: 0 },
            restored_ms: 100 * u64::from(round),
            whole_ms: 200 * u64::from(round),
            violations: Vec::new(),
            trouble: None,
        }
    }

    #[test]
    fn rounds_are_summed_up() {
        let rounds = [record(1, 30, 0), record(2, 10, 0), record(3, 20, 0)];
        let one = Summary::of("sigkill", &rounds);
        assert_eq!((one.rounds, one.acknowledged, one.failed, one.service_failed), (3, 45, 0, 3));
        let Pauses { p50, p99, max } = one.pause_ms;
        assert_eq!((p50, p99, max, one.service_pause_ms.p50), (20, 30, 30, 40));
        assert_eq!((one.restored_s, one.restored_p50_s, one.whole_s), (0.3, 0.2, 0.6));
        assert_eq!(one.wrong, 0);
    }

    #[test]
    fn what_is_lost_or_in_trouble_is_wrong_and_the_table_says_so() {
        let stuck = Record { trouble: Some("not whole".into()), ..record(2, 1, 0) };
        let one = Summary::of("sigkill", &[record(1, 1, 1), stuck, record(3, 1, 0)]);
        assert_eq!((one.wrong, one.lost), (2, 1));
        assert!(table(&[one]).contains("| `sigkill` | 3, 2 WRONG | 45 | 1 |"));
    }

    #[test]
    fn without_a_round_there_is_nothing_to_tell() {
        assert_eq!(Summary::of("sigkill", &[]).pause_ms.max, 0);
    }
}
