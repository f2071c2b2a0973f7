//! `understudy list`, and `get` at an old revision.

use crate::harness::cluster::Cluster;
use crate::harness::command::{refuse, succeed};

#[tokio::test]
async fn lists_show_what_is_asked_for_as_it_stood() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let run = |arguments: &[&str]| succeed(&[arguments, &at].concat());
    // Other keys may be there: the pair was waited for with some.
    for (key, value) in [("fruit/apple", "green"), ("fruit/pear", "yellow"), ("nut", "brown")] {
        run(&["put", key, value]);
    }
    let revision: serde_json::Value =
        serde_json::from_str(&run(&["get", "--output", "json", "nut"])).unwrap();
    let then = revision["mod_revision"].to_string();
    run(&["put", "fruit/apple", "red"]);
    run(&["del", "fruit/pear"]);

    assert_eq!(run(&["list", "fruit/"]), "fruit/apple\tred\n");
    let then_listed = run(&["list", "--revision", &then, "--reverse", "fruit/"]);
    assert_eq!(then_listed, "fruit/pear\tyellow\nfruit/apple\tgreen\n");
    assert_eq!(run(&["get", "--revision", &then, "fruit/apple"]), "green\n");
    assert_eq!(run(&["list", "--from", "fruit", "--to", "o", "--keys"]), "fruit/apple\nnut\n");
    assert_eq!(run(&["list", "--newest", "--limit", "1"]), "fruit/apple\tred\n");
    assert_eq!(run(&["list", "--count", "fruit/"]), "1\n");
    assert_eq!(run(&["list", "--hex", "6e7574"]), "6e7574\t62726f776e\n");
    let json: serde_json::Value =
        serde_json::from_str(&run(&["list", "--output", "json", "nut"])).unwrap();
    assert_eq!((json["key"].as_str(), json["value"].as_str()), (Some("nut"), Some("brown")));

    // Where a watch can go on, also from a list without keys.
    let listed: serde_json::Value =
        serde_json::from_str(&run(&["get", "--output", "json", "nut"])).unwrap();
    assert_eq!(json["revision"], listed["revision"]);
    for arguments in [&["list", "none/"][..], &["list", "--count", "none/"]] {
        let empty = run(&[arguments, &["--output", "json"]].concat());
        let empty: serde_json::Value = serde_json::from_str(&empty).unwrap();
        assert_eq!(empty["revision"], listed["revision"]);
    }
    let old = run(&["list", "--output", "json", "--revision", &then, "fruit/"]);
    let old: Vec<serde_json::Value> =
        old.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(old.len(), 2);
    assert!(old.iter().all(|kv| kv["revision"] == json["mod_revision"]), "{old:?}");

    assert_eq!(run(&["compact", &then]), "");
    assert_eq!(run(&["get", "--revision", &then, "fruit/apple"]), "green\n");
    let older = (then.parse::<i64>().unwrap() - 1).to_string();
    refuse(&["get", "--revision", &older, "nut", at[0], at[1]], "is not kept");
    refuse(&["compact", &older, at[0], at[1]], "is not kept");
    refuse(&["list", "--revision", "1000000", at[0], at[1]], "does not exist yet");
}
