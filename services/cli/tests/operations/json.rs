//! `--output json` has one shape everywhere: objects that name the store's revision, and failures with a code.

use serde_json::{Value, json};

use crate::harness::cluster::Cluster;
use crate::harness::command::{Ended, understudy};

/// Every line that it printed.
fn lines(ended: &Ended) -> Vec<Value> {
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The one line of its failure.
fn failure(ended: &Ended) -> Value {
    let failure: Value = serde_json::from_str(&ended.err).unwrap_or_else(|_| panic!("{ended:?}"));
    assert_eq!((&failure["exit_code"], ended.err.lines().count()), (&ended.code.into(), 1));
    assert!(failure["message"].as_str().is_some_and(|message| !message.is_empty()), "{ended:?}");
    failure
}

#[tokio::test]
async fn every_answer_is_an_object_with_the_revision() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--output", "json", "--endpoints", &endpoints];
    let first = lines(&understudy(&[&["put", "a", "1"], &at[..]].concat()));
    let from = first[0]["revision"].to_string();
    for arguments in [
        &["put", "a", "2"][..],
        &["get", "a"],
        &["list", "a"],
        &["list", "none/"],
        &["list", "--count"],
        &["watch", "a", "--revision", &from, "--count", "1"],
        &["txn", "--then", "put b 1"],
        &["del", "b"],
        &["del", "--prefix", "none/"],
        &["lease", "list"],
        &["lease", "grant", "60s", "--id", "7"],
        &["lease", "list"],
        &["lease", "show", "7"],
        &["lease", "keep", "--once", "7"],
        &["lease", "revoke", "7"],
        &["session", "list"],
        &["session", "list", "--owner", "192.0.2.1"],
        &["quota"],
        &["quota", "owners"],
        &["mode"],
        &["mode", "--min-copies", "1"],
        &["random", "seed", "--seed", "42"],
        &["random", "float"],
        &["random", "bits", "8"],
        &["random", "bytes", "2"],
        &["now"],
        &["compact", &from],
        &["status"],
        &["handover"],
    ] {
        let ended = understudy(&[arguments, &at[..]].concat());
        assert_eq!((ended.code, &ended.err[..]), (Some(0), ""), "{arguments:?}");
        let lines = lines(&ended);
        assert!(!lines.is_empty(), "{arguments:?} says nothing");
        let named =
            lines.iter().all(|line| line["revision"].as_i64() >= first[0]["revision"].as_i64());
        assert!(named, "{arguments:?}: {lines:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_fails_has_a_code() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--output", "json", "--endpoints", &endpoints];
    let run = |arguments: &[&str]| understudy(&[arguments, &at[..]].concat());
    let put = lines(&run(&["put", "a", "1"])).remove(0);

    let miss = run(&["get", "none"]);
    let (epoch, revision) = (&put["epoch"], &put["revision"]);
    let nothing = json!({"found": false, "key": "none", "epoch": epoch, "revision": revision});
    assert_eq!((miss.code, lines(&miss)), (Some(1), vec![nothing]));
    assert_eq!(failure(&miss)["code"], "KEY_NOT_FOUND");
    assert_eq!(lines(&run(&["get", "a"]))[0]["found"], true);

    for unmet in [&["put", "--if-absent", "a", "2"][..], &["del", "--if-revision", "9999", "a"]] {
        let ended = run(unmet);
        assert_eq!(lines(&ended)[0]["succeeded"], false, "{ended:?}");
        assert_eq!(failure(&ended)["code"], "CONDITION_NOT_MET");
    }
    let nowhere =
        ["get", "a", "--output=json", "--deadline", "300ms", "--endpoints", "127.0.0.1:1"];
    let job =
        ["lock", "job", "--output", "json", "--endpoints", &endpoints, "--", "no-such-program"];
    for (ended, code, exit_code) in [
        (run(&["lease", "show", "99"]), "LEASE_NOT_FOUND", 1),
        (run(&["elect", "job", "--once"]), "NO_LEADER", 1),
        (run(&["get"]), "USAGE", 2),
        (run(&["del", "--prefix", ""]), "USAGE", 2),
        (understudy(&nowhere), "UNAVAILABLE", 4),
        (understudy(&job), "COMMAND_NOT_FOUND", 127),
    ] {
        assert_eq!((&failure(&ended)["code"], ended.code), (&json!(code), Some(exit_code)));
    }
}
