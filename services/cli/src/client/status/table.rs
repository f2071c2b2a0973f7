//! The report for people.

use super::report::{Follower, Memory, Replica, Report};
use crate::client::{grid, print};

const HEADINGS: [&str; 8] =
    ["NAME", "ROLE", "EPOCH", "PID", "ADDRESS", "COMMITTED", "APPLIED", "BEHIND"];
/// What is wider than 80 columns.
const WIDE: [&str; 4] = ["LAST", "DURABLE", "MEMORY", "REASON"];
/// Columns of numbers.
const NUMBERS: [usize; 7] = [2, 3, 5, 6, 8, 9, 10];

/// One line about the cluster, one for each replica, and one for each reason; those in the table if it is
/// `wide`.
pub fn text(report: &Report, wide: bool) -> String {
    let headline = headline(report);
    if wide {
        let rows = report.replicas.iter().map(|replica| [row(replica), more(replica)].concat());
        let headings = [&HEADINGS[..], &WIDE].concat();
        return format!("{headline}\n{}", grid::text(&headings, rows.collect(), &NUMBERS));
    }
    let rows = report.replicas.iter().map(row).collect();
    let mut text = format!("{headline}\n{}", grid::text(&HEADINGS, rows, &NUMBERS[..4]));
    for replica in &report.replicas {
        let reason = reason(replica);
        if !reason.is_empty() {
            let [name, reason] = [name(replica), reason].map(|text| print::text(text.as_bytes()));
            text += &format!("\n{name}: {reason}");
        }
    }
    text
}

fn headline(report: &Report) -> String {
    let primary = match &report.primary {
        Some(primary) => format!("primary {}", print::text(primary.as_bytes())),
        None => "no primary".to_owned(),
    };
    match &report.cluster_id {
        Some(id) => format!("cluster {id}, epoch {}, {primary}", report.epoch),
        None => format!("no cluster known, {primary}"),
    }
}

fn row(replica: &Replica) -> Vec<String> {
    let Replica { role, address, positions, .. } = replica;
    let number = |figure| number(replica, figure);
    let behind: Vec<String> = replica.followers.iter().map(behind).collect();
    vec![
        name(replica),
        role.clone(),
        number(replica.epoch),
        number(replica.pid.into()),
        address.clone(),
        number(positions.commit),
        number(positions.applied),
        behind.join(", "),
    ]
}

/// The rest of a wide row.
fn more(replica: &Replica) -> Vec<String> {
    let Replica { positions, memory: used, .. } = replica;
    let [last, durable] = [positions.last, positions.durable].map(|n| number(replica, n));
    vec![last, durable, memory(used), reason(replica)]
}

fn name(replica: &Replica) -> String {
    if replica.name.is_empty() { "?".to_owned() } else { replica.name.clone() }
}

/// A figure of a replica, if it has answered.
fn number(replica: &Replica, figure: u64) -> String {
    if replica.pid > 0 { figure.to_string() } else { "-".to_owned() }
}

/// What is in use of what there is, in MiB.
fn memory(memory: &Memory) -> String {
    let mib = |bytes: u64| match bytes {
        0 => "-".to_owned(),
        bytes => bytes.div_ceil(1 << 20).to_string(),
    };
    match (memory.resident, memory.limit) {
        // Of an older version, or nobody answered.
        (0, 0) => "-".to_owned(),
        (resident, limit) => format!("{}/{}MiB", mib(resident), mib(limit)),
    }
}

/// Why it waits; else what would keep it from taking over.
fn reason(replica: &Replica) -> String {
    match (replica.reason.as_str(), replica.warning.as_str()) {
        ("", "") => String::new(),
        ("", warning) => format!("a failover to it would fail: {warning}"),
        (reason, _) => reason.to_owned(),
    }
}

/// How far behind a follower is: `b 0`, with what is unusual about it.
fn behind(follower: &Follower) -> String {
    let Follower { name, behind, .. } = follower;
    match (follower.connected, follower.obliged) {
        (true, true) => format!("{name} {behind}"),
        (true, false) => format!("{name} {behind} (not obliged)"),
        (false, _) => format!("{name} {behind} (gone)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::status::report::Positions;

    #[test]
    fn a_warning_is_shown_where_there_is_no_reason_and_no_name_is_not_blank() {
        let warned = Replica { warning: "not allowed".to_owned(), ..Replica::default() };
        let report = Report {
            cluster_id: None,
            epoch: 0,
            revision: 0,
            primary: None,
            replicas: vec![warned],
        };
        let narrow = text(&report, false);
        assert!(narrow.lines().nth(2).is_some_and(|row| row.starts_with('?')), "{narrow}");
        assert_eq!(narrow.lines().nth(3), Some("?: a failover to it would fail: not allowed"));
        let wide = text(&report, true);
        let row = wide.lines().nth(2).unwrap_or_default();
        assert!(row.starts_with('?') && row.ends_with("would fail: not allowed"), "{wide}");
    }

    #[test]
    fn a_pair_is_one_line_each() {
        let positions =
            Positions { first: 1, last: 12, durable: 12, commit: 11, applied: 11, snapshot: 0 };
        let followers = vec![Follower {
            name: "b".to_owned(),
            address: "h:2".to_owned(),
            obliged: true,
            connected: true,
            durable: 11,
            behind: 1,
        }];
        let primary = Replica {
            name: "a".to_owned(),
            role: "primary".to_owned(),
            epoch: 3,
            pid: 4711,
            address: "h:1".to_owned(),
            positions,
            followers,
            memory: Memory { limit: 700 << 20, store: 300 << 20, resident: 99_500_000 },
            ..Replica::default()
        };
        let gone = Replica {
            name: "b".to_owned(),
            role: "unreachable".to_owned(),
            address: "h:2".to_owned(),
            reason: "connection refused".to_owned(),
            ..Replica::default()
        };
        let report = Report {
            cluster_id: Some("00ff".to_owned()),
            epoch: 3,
            revision: 9,
            primary: Some("a".to_owned()),
            replicas: vec![primary, gone],
        };
        let (shown, wide) = (text(&report, false), text(&report, true));
        let mut forged = report;
        forged.replicas[1].name = "b\u{1b}[2J".to_owned();
        forged.replicas[1].reason = "gone\nc  primary\u{202e}".to_owned();
        forged.primary = Some("a\r".to_owned());
        assert_eq!(forged.replicas.len() + 2, text(&forged, true).lines().count());
        assert_eq!(forged.replicas.len() + 3, text(&forged, false).lines().count());
        for forged in [text(&forged, true), text(&forged, false)] {
            assert!(!forged.contains(['\u{1b}', '\r', '\u{202e}']), "{forged:?}");
        }
        let words = |text: &str, n: usize| {
            let line = text.lines().nth(n).unwrap_or_default();
            line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(shown.lines().next(), Some("cluster 00ff, epoch 3, primary a"));
        let a = ["a", "primary", "3", "4711", "h:1", "11", "11", "b", "1"];
        assert_eq!(words(&shown, 2), a);
        assert_eq!(words(&wide, 2), [&a[..], &["12", "12", "95/700MiB"]].concat());
        let b = ["b", "unreachable", "-", "-", "h:2", "-", "-"];
        assert_eq!(words(&shown, 3), b);
        let rest = ["-", "-", "-", "connection", "refused"];
        assert_eq!(words(&wide, 3), [&b[..], &rest].concat());
        assert_eq!(shown.lines().skip(4).collect::<Vec<_>>(), ["b: connection refused"]);
        assert_eq!(wide.lines().count(), 4);
    }

    /// With figures, a process id and an address as large as they get on one machine.
    #[test]
    fn a_row_fits_into_80_columns() {
        let large = 1_234_567_890;
        let positions = Positions { commit: large, applied: large, ..Positions::default() };
        let follower = Follower {
            name: "b".to_owned(),
            address: String::new(),
            obliged: true,
            connected: true,
            durable: 0,
            behind: 12_345,
        };
        let replica = Replica {
            name: "a".to_owned(),
            role: "primary".to_owned(),
            epoch: 123,
            pid: 4_194_304,
            address: "127.0.0.1:17450".to_owned(),
            positions,
            followers: vec![follower],
            ..Replica::default()
        };
        let report = Report {
            cluster_id: None,
            epoch: 0,
            revision: 0,
            primary: None,
            replicas: vec![replica],
        };
        let text = text(&report, false);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
