//! A short torture of a pair of its own, with processes, proxies, register, disks and clocks.

use std::collections::BTreeMap;

use crate::harness::turn;
use crate::recorded::{count, reported};
use crate::{json, run};

/// A plan with faults of many kinds in its first 24 s.
const SEED: &str = "9";
const MINUTES: &str = "0.4";

#[tokio::test]
async fn a_short_torture_finds_nothing_and_reports_what_it_did() {
    let _turn = turn().await;
    let dir = tempfile::tempdir().unwrap();
    let history = dir.path().join("history.jsonl");
    let log = dir.path().join("log");
    let (history_path, log_path) = (history.to_str().unwrap(), log.to_str().unwrap());
    let drawn = ["torture", "--seed", SEED, "--minutes", MINUTES];
    let files = ["--history", history_path, "--log", log_path, "--output", "json"];

    let ended = run(&[&drawn[..], &files].concat()).await;
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    assert_eq!(ended.code, Some(0), "{ended:?}\n{}", said());
    let report = json(&ended);
    assert_eq!(report["ok"], true);

    let counted = count(&history);
    assert_eq!(reported(&report), counted);
    assert!(counted.acknowledged > 100, "{counted:?}");

    // Everything that the plan has was due; what was done is counted by its kind.
    let plan = run(&[&drawn[..], &["--plan"]].concat()).await.out;
    let planned: Vec<&str> = plan.lines().filter(|line| line.contains(" s  ")).collect();
    let deeds = report["deeds"].as_array().unwrap();
    assert_eq!(deeds.len(), planned.len(), "{plan}\n{report}");
    let mut kinds = BTreeMap::<&str, u64>::new();
    for deed in deeds {
        let words = deed["fault"].as_str().unwrap();
        assert!(planned.iter().any(|line| line.contains(words)), "{words} in {plan}");
        if deed["done"] == true {
            *kinds.entry(deed["kind"].as_str().unwrap()).or_default() += 1;
        }
    }
    assert_eq!(serde_json::to_value(&kinds).unwrap(), report["faults"]);
    assert!(kinds.values().sum::<u64>() >= 3, "{report}");
    let skipped = deeds.iter().filter(|deed| deed["done"] == false).count() as u64;
    assert_eq!(report["skipped"], skipped);

    // The history judged again says the same.
    let again = run(&["check", "--history", history_path, "--output", "json"]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(json(&again)["acknowledged"], counted.acknowledged);

    // A lock was passed around. Its changes are in the history, which would be wrong without them.
    let locks = &report["locks"];
    assert!(locks["tenures"].as_u64().unwrap() >= 3, "{locks}");
    assert!(locks["writes"].as_u64().unwrap() >= 3, "{locks}");
    assert_eq!(locks["overlaps"], 0);
    let text = std::fs::read_to_string(&history).unwrap();
    let seen = |line: &&str| line.contains(r#""client":2000000,"#);
    assert_eq!(text.lines().filter(seen).count(), report["operations"]["changes_of_locks"]);
    let others: Vec<&str> = text.lines().filter(|line| !seen(line)).collect();
    std::fs::write(&history, others.join("\n")).unwrap();
    let again = run(&["check", "--history", history_path]).await;
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.out.contains("belongs to no operation of the history"), "{again:?}");
}
