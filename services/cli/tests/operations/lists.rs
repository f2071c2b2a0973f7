//! `understudy list`, `get` at an old revision, and `del` of ranges.

use crate::harness::cluster::Cluster;
use crate::harness::command::{refuse, succeed, understudy};

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

#[tokio::test]
async fn ranges_are_deleted_however_many_keys_they_hold() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let run = |arguments: &[&str]| succeed(&[arguments, &at].concat());
    let client = cluster.client();
    for thousand in 0..25 {
        let puts = (0..1000).map(|n| client.put(format!("many/{:05}", thousand * 1000 + n), "x"));
        let puts: Vec<_> = puts.map(|put| tokio::spawn(put.into_future())).collect();
        for put in puts {
            put.await.unwrap().unwrap();
        }
    }
    for key in ["a", "b", "c", "d", "many"] {
        run(&["put", key, "x"]);
    }
    assert_eq!(run(&["del", "--prefix", "many/", "--limit", "1"]), "1 key deleted\n");
    assert_eq!(run(&["list", "--count", "many/"]), "24999\n");
    assert_eq!(run(&["del", "--prefix", "many/"]), "24999 keys deleted\n");
    assert_eq!(run(&["list", "--count", "many"]), "1\n");
    assert_eq!(run(&["del", "--from", "b", "--to", "d"]), "2 keys deleted\n");
    assert_eq!(run(&["list", "--from", "a", "--to", "e", "--keys"]), "a\nd\n");
    let json = run(&["del", "--output", "json", "--hex", "--prefix", "61"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["deleted"], 1);
    assert!(json["revision"].as_i64() > Some(1));
    run(&["txn", "--then", "del-range d n 1"]);
    assert_eq!(run(&["list", "--from", "a", "--to", "n", "--keys"]), "many\n");

    // What a script with an unset variable would say deletes nothing.
    for words in [&["--prefix", ""][..], &["--from", ""], &["--to", ""], &[]] {
        let ended = understudy(&[&["del"], words, &at].concat());
        assert_eq!((ended.code, &ended.out[..]), (Some(2), ""), "{words:?}: {ended:?}");
    }
    refuse(&["del", "--from", "z", "--to", "a", at[0], at[1]], "end is not after its start");
    assert_eq!(run(&["list", "--count", "many"]), "1\n");
    run(&["del", "--all"]);
    assert_eq!(run(&["list", "--count"]), "0\n");
}
