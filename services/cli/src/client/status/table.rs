//! The report for people.

use super::report::{Follower, Memory, Replica, Report};
use crate::client::{grid, print};

const HEADINGS: [&str; 12] = [
    "NAME",
    "ROLE",
    "EPOCH",
    "PID",
    "ADDRESS",
    "LAST",
    "DURABLE",
    "COMMITTED",
    "APPLIED",
    "MEMORY",
    "BEHIND",
    "REASON",
];
/// Columns of numbers.
const NUMBERS: [usize; 7] = [2, 3, 5, 6, 7, 8, 9];

/// One line about the cluster and one for each replica.
pub fn text(report: &Report) -> String {
    let rows = report.replicas.iter().map(row).collect();
    format!("{}\n{}", headline(report), grid::text(&HEADINGS, rows, &NUMBERS))
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
    let Replica { name, role, address, positions, .. } = replica;
    let answered = replica.pid > 0;
    let number = |number: u64| if answered { number.to_string() } else { "-".to_owned() };
    let behind: Vec<String> = replica.followers.iter().map(behind).collect();
    vec![
        if name.is_empty() { "?".to_owned() } else { name.clone() },
        role.clone(),
        number(replica.epoch),
        number(replica.pid.into()),
        address.clone(),
        number(positions.last),
        number(positions.durable),
        number(positions.commit),
        number(positions.applied),
        memory(&replica.memory),
        behind.join(", "),
        reason(replica),
    ]
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
        let text = text(&report);
        let row = text.lines().nth(2).unwrap_or_default();
        assert!(row.starts_with('?') && row.ends_with("would fail: not allowed"), "{text}");
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
        let shown = text(&report);
        let mut forged = report;
        forged.replicas[1].name = "b\u{1b}[2J".to_owned();
        forged.replicas[1].reason = "gone\nc  primary\u{202e}".to_owned();
        forged.primary = Some("a\r".to_owned());
        assert_eq!(forged.replicas.len() + 2, text(&forged).lines().count());
        assert!(!text(&forged).contains(['\u{1b}', '\r', '\u{202e}']), "{:?}", text(&forged));
        let text = shown;
        let words =
            |n: usize| text.lines().nth(n).map(|l| l.split_whitespace().collect::<Vec<_>>());
        assert_eq!(text.lines().next(), Some("cluster 00ff, epoch 3, primary a"));
        let a = ["a", "primary", "3", "4711", "h:1", "12", "12", "11", "11", "95/700MiB", "b", "1"];
        assert_eq!(words(2), Some(a.to_vec()));
        let b =
            ["b", "unreachable", "-", "-", "h:2", "-", "-", "-", "-", "-", "connection", "refused"];
        assert_eq!(words(3), Some(b.to_vec()));
        assert_eq!(text.lines().count(), 4);
    }
}
