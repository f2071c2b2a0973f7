//! `--hex`: keys and values in hex digits, in every command that takes or prints some.

use serde_json::{Value, json};

use crate::harness::cluster::Cluster;
use crate::harness::command::{succeed, understudy};

#[tokio::test]
async fn every_command_takes_and_prints_hex_digits() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let hex = ["--hex", "--endpoints", &endpoints];
    let run = |arguments: &[&str]| succeed(&[arguments, &hex].concat());
    let read = |arguments: &[&str]| -> Value {
        serde_json::from_str(&run(&[arguments, &["--output", "json"]].concat())).unwrap()
    };
    let put = read(&["put", "00ff61", "c3"]);
    assert_eq!(run(&["put", "--previous", "00FF61", "80"]).lines().last(), Some("before: c3"));
    assert_eq!(run(&["get", "00ff61"]), "80\n");
    assert_eq!(read(&["get", "00ff61"])["value_hex"], "80");
    assert_eq!(run(&["list", "00ff"]), "00ff61\t80\n");
    assert_eq!(run(&["list", "--from", "00", "--to", "01", "--keys"]), "00ff61\n");
    let keys = read(&["list", "--keys", "00"]);
    assert_eq!((&keys["key_hex"], keys.get("value_hex")), (&json!("00ff61"), None));

    let txn = ["txn", "--if", "value 00ff61 = 80", "--then", "put 00ff62 6b", "--then"];
    let lines = run(&[&txn[..], &["list 00ff '' 2"]].concat());
    let shown: Vec<&str> = lines.lines().skip(1).collect();
    let listed = ["list: 2 found", "  00ff61: 80", "  00ff62: 6b"];
    assert_eq!(shown, [&["put 00ff62: version 1"], &listed[..]].concat());
    let got = read(&["txn", "--then", "get 00ff62"]);
    assert_eq!(got["results"][0]["get"]["kv"]["value_hex"], "6b", "also what could be text");

    assert_eq!(run(&["del", "--previous", "00ff61"]), "deleted\nbefore: 80\n");
    let from = put["mod_revision"].to_string();
    let watch = ["watch", "--prefix", "00ff", "--revision", &from, "--count", "4"];
    let lines = run(&watch);
    let changes: Vec<&str> =
        lines.lines().filter_map(|line| Some(line.split_once('\t')?.1)).collect();
    let puts = ["put\t00ff61\tc3", "put\t00ff61\t80", "put\t00ff62\t6b"];
    assert_eq!(changes, [&puts[..], &["del\t00ff61"]].concat());
    let json = run(&[&watch[..], &["--output", "json"]].concat());
    let last: Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!((&last["type"], &last["key_hex"]), (&json!("del"), &json!("00ff61")));

    let there = run(&["list", "--keys"]);
    run(&["txn", "--then", "del-range '' 00"]);
    assert_eq!(run(&["list", "--keys"]), there, "no key is less than the first one");
    assert_eq!(run(&["list", "--to", "00"]), "");
    assert_eq!(run(&["list", "--to", "00", "--count"]), "0\n");
    assert_eq!(run(&["txn", "--then", "list '' 00"]).lines().last(), Some("list: 0 found"));

    for arguments in [&["get", "0"][..], &["put", "00", "0g"], &["txn", "--then", "del k"]] {
        let ended = understudy(&[arguments, &hex].concat());
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains("is not in hex digits"), "{ended:?}");
    }
    let absent = understudy(&[&["get", "00ff61"], &hex[..]].concat());
    assert_eq!(absent.err, "understudy: there is no key \"00ff61\"\n");
}
