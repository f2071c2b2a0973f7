//! Exit codes where nobody reads, or nothing can be written: the verdict decides.

use std::process::Stdio;

use crate::harness::cluster::Cluster;
use crate::harness::command::{code, full, gone, succeed, understudy};

/// Done, whether or not somebody could be told.
const DONE: (i32, i32) = (0, 0);
/// What it is for cannot be written; a reader that has gone has read what it wanted.
const READ: (i32, i32) = (1, 0);
/// A verdict that is not good.
const UNMET: (i32, i32) = (1, 1);
/// A command line, or a file in its place, that is wrong.
const USAGE: (i32, i32) = (2, 2);

/// Exit codes with standard output on a full disk, and without a reader; each also without standard error.
fn wants(arguments: &[&str], (on_full, on_gone): (i32, i32)) {
    let codes = |out: fn() -> Stdio| {
        [Stdio::null as fn() -> Stdio, full, gone].map(|err| code(arguments, out(), err()))
    };
    assert_eq!(codes(full), [Some(on_full); 3], "{arguments:?} >/dev/full");
    assert_eq!(codes(gone), [Some(on_gone); 3], "{arguments:?} without a reader");
}

#[tokio::test]
async fn the_verdict_decides_the_exit_code_whatever_printing_does() {
    let (mut cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let wants = |words: &str, codes| {
        let words: Vec<&str> = words.split(' ').collect();
        for output in ["text", "json"] {
            wants(&[&words[..], &["--endpoints", &endpoints, "--output", output]].concat(), codes);
        }
    };
    for key in ["k", "gone"] {
        succeed(&["put", key, "v", "--endpoints", &endpoints]);
    }
    let lease = succeed(&["lease", "grant", "60s", "--endpoints", &endpoints]);
    succeed(&["random", "seed", "--seed", "1", "--endpoints", &endpoints]);
    let txn = cluster.dir.path().join("txn.json");
    std::fs::write(&txn, r#"{"then": ["put k v"]}"#).unwrap();
    // What changes something has done so.
    wants("put k v --previous", DONE);
    wants("put new v", DONE);
    wants("del gone --previous", DONE);
    wants("txn --file /dev/null", USAGE);
    wants(&format!("txn --file {}", txn.to_str().unwrap()), DONE);
    wants("lease grant 10s", DONE);
    wants("compact 1", DONE);
    wants("mode --min-copies 1", DONE);
    wants("quota set --max-owner-percent 75", DONE);
    wants("random seed --seed 1", DONE);
    // A condition that is not met is none, whoever reads.
    wants("put --if-absent k v", UNMET);
    wants("put --if-revision 1000000 k v --previous", UNMET);
    wants("del --if-revision 1000000 k --previous", UNMET);
    wants("get nosuch", UNMET);
    wants("lease show 1000000", UNMET);
    wants("elect --once nobody", UNMET);
    // What prints for its own sake has not done so.
    wants("get k", READ);
    wants("list", READ);
    wants("list --count", READ);
    // Revision 1 was forgotten above: that would be an error, if it came before anybody noticed that nobody reads.
    wants("watch --revision 2 --count 1 k", READ);
    wants(&format!("lease show {}", lease.trim()), READ);
    wants("lease list", READ);
    wants("session list", READ);
    wants("quota show", READ);
    wants("quota owners", READ);
    wants("random float", READ);
    wants("now", READ);
    wants("mode", READ);
    wants("status", READ);
    wants("bench --duration 100ms --clients 1", READ);
    // Nobody is there to do it.
    (0..2).for_each(|number| cluster.kill(number));
    wants("put k v --deadline 300ms", (4, 4));
    wants("status", (4, 4));
}

#[test]
fn what_needs_no_cluster_decides_alike() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (good, bad) = (path("good.jsonl"), path("bad.jsonl"));
    std::fs::write(&good, "").unwrap();
    let twice = r#"{"client":1,"id":ID,"action":{"put":{"key":"a","value":"vID"}},"begin":1,"end":2,"outcome":{"ok":{"revision":1,"reply":{"put":{"version":1}}}}}"#;
    std::fs::write(&bad, ["1", "2"].map(|id| twice.replace("ID", id)).join("\n")).unwrap();
    assert_eq!(understudy(&["check", "--history", &bad]).code, Some(1));
    for output in ["text", "json"] {
        wants(&["check", "--output", output, "--history", &good], DONE);
        wants(&["check", "--output", output, "--history", &bad], UNMET);
        wants(&["verify", "--output", output, &path("nosuch")], UNMET);
        wants(&["torture", "--plan", "--minutes", "1", "--output", output], READ);
    }
    let register = path("register");
    assert_eq!(code(&["register", "create", &register], full(), full()), Some(0));
    wants(&["register", "create", &register], UNMET);
    wants(&["register", "show", &format!("dir:{register}")], READ);
    wants(&["completions", "bash"], READ);
    wants(&["--help"], READ);
    wants(&["put", "--help"], READ);
    wants(&["--version"], READ);
    wants(&["put"], USAGE);
    wants(&["nosuch"], USAGE);
    wants(&["recover", "set-aside", "--data", &path("nosuch")], UNMET);
}
