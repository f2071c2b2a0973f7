//! `understudy quota`.

use serde_json::Value;

use crate::harness::cluster::Cluster;
use crate::harness::command::{refuse, succeed, understudy};

#[tokio::test]
async fn bounds_are_shown_and_changed_while_the_pair_serves() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let run = |arguments: &[&str]| succeed(&[arguments, &at].concat());
    let read = |arguments: &[&str]| -> Value {
        serde_json::from_str(&run(&[arguments, &["--output", "json"]].concat())).unwrap()
    };
    run(&["put", "key", "value"]);
    let before = read(&["quota"]);
    // A new store fits into the memory that the chart gives a replica.
    assert_eq!(before["max_bytes"], 1u64 << 30);
    assert_eq!(before["max_keys"], 2_000_000);
    assert!(before["used"]["bytes"].as_u64().unwrap() >= 8, "{before}");
    let shown = run(&["quota"]);
    let line = |name: &str| {
        let line = shown.lines().find(|line| line.split_whitespace().next() == Some(name));
        line.unwrap_or_else(|| panic!("{name} in {shown}")).split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(line("max-bytes")[1..3], ["1", "GiB"]);
    assert_eq!(line("max-key-bytes")[1..], ["4", "KiB", "-"]);

    let changed = read(&["quota", "--max-keys", "1", "--max-value-bytes", "2KiB"]);
    assert_eq!((&changed["max_keys"], &changed["max_value_bytes"]), (&1.into(), &2048.into()));
    assert_eq!(changed["max_bytes"], before["max_bytes"], "what is not named stays");
    let full = understudy(&["put", "another", "value", at[0], at[1]]);
    assert_eq!(full.code, Some(1), "{full:?}");
    assert!(full.err.contains("understudy quota"), "it says how to raise it: {full:?}");
    run(&["quota", "--max-keys", "2000000", "--min-session-ttl", "1s"]);
    run(&["put", "another", "value"]);
    assert_eq!(read(&["quota"])["min_session_ttl_ms"], 1000);

    let set = read(&["quota", "set", "--max-owner-percent", "50"]);
    assert_eq!(set["max_owner_percent"], 50);
    assert_eq!(read(&["quota", "show"])["max_owner_percent"], 50);
    assert!(run(&["quota", "show"]).contains("max-owner-percent"));
    refuse(
        &["quota", "set", "--max-owner-percent", "101", at[0], at[1]],
        "max_owner_percent is 101",
    );
    let nothing = understudy(&["quota", "set", at[0], at[1]]);
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
    let both = understudy(&["quota", "--max-keys", "5", "show", at[0], at[1]]);
    assert_eq!(both.code, Some(2), "{both:?}");

    refuse(&["quota", "--max-key-bytes", "8KiB", at[0], at[1]], "max_key_bytes is 8192");
    let wrong = understudy(&["quota", "--max-bytes", "8GB", at[0], at[1]]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.err.contains("write bytes such as"), "{wrong:?}");
}
