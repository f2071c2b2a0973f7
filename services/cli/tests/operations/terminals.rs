//! Text output shows control characters and does not send them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use serde_json::Value;

use crate::harness::binary;
use crate::harness::cluster::Cluster;
use crate::harness::command::{succeed, understudy};

/// A key and a value that would forge lines and columns, colour a terminal, turn a line around.
const KEY: &[u8] = b"t/\x1b[31mk\ta\nb";
const VALUE: &[u8] = b"\x1b]0;title\x07\r\x7f\xc2\x9b2J\xe2\x80\xaereversed\tcolumn\nline\xff\\";
const KEY_SHOWN: &str = r"t/\x1b[31mk\ta\nb";
const VALUE_SHOWN: &str = r"\x1b]0;title\x07\r\x7f\u{9b}2J\u{202e}reversed\tcolumn\nline\xff\";

#[tokio::test]
async fn what_a_terminal_would_obey_is_shown_and_raw_is_exact() {
    let (mut cluster, primary, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let bytes = |arguments: &[&[u8]]| {
        let mut command = Command::new(binary());
        command.env_clear().args(arguments.iter().map(|word| OsStr::from_bytes(word))).args(at);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    let text = |arguments: &[&[u8]]| String::from_utf8(bytes(arguments)).unwrap();
    let put = text(&[b"put", KEY, VALUE, b"--output", b"json"]);
    let revision = serde_json::from_str::<Value>(&put).unwrap()["mod_revision"].to_string();

    assert_eq!(text(&[b"get", KEY]), format!("{VALUE_SHOWN}\n"));
    assert_eq!(bytes(&[b"get", b"--raw", KEY]), VALUE);
    assert_eq!(text(&[b"list", b"t/"]), format!("{KEY_SHOWN}\t{VALUE_SHOWN}\n"));
    assert_eq!(text(&[b"list", b"--keys", b"t/"]), format!("{KEY_SHOWN}\n"));
    let watch: [&[u8]; 7] =
        [b"watch", b"--prefix", b"t/", b"--revision", revision.as_bytes(), b"--count", b"1"];
    let seen = text(&watch);
    assert_eq!(seen, format!("{revision}\tput\t{KEY_SHOWN}\t{VALUE_SHOWN}\n"));
    let before = text(&[b"put", b"--previous", KEY, VALUE]);
    assert_eq!(before.lines().last().unwrap(), format!("before: {VALUE_SHOWN}"));
    let got = text(&[b"txn", b"--then", b"list t/ ''"]);
    assert_eq!(got.lines().last().unwrap(), format!("  {KEY_SHOWN}: {VALUE_SHOWN}"));
    // JSON is exact, and escaped where that means the same.
    let json = text(&[b"get", b"--output", b"json", b"t/\x1b[31mk\ta\nb"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["key"], "t/\u{1b}[31mk\ta\nb");
    let listed = text(&[b"put", b"j", b"\xc2\x9b\xe2\x80\xae", b"--previous"])
        + &text(&[b"get", b"--output", b"json", b"j"]);
    assert!(listed.contains(r"\u009b\u202e"), "{listed}");

    let lease = text(&[b"lease", b"grant", b"60s"]);
    bytes(&[b"put", b"--lease", lease.trim().as_bytes(), b"t/\x1bl", b"v"]);
    let shown = text(&[b"lease", b"show", lease.trim().as_bytes()]);
    assert!(shown.ends_with("  t/\\x1bl\n"), "{shown}");

    let absent = understudy(&["get", "no\u{1b}[31m\u{202e}such", at[0], at[1]]);
    assert_eq!(absent.err, "understudy: there is no key \"no\\x1b[31m\\u{202e}such\"\n");

    cluster.kill(primary);
    let log = succeed(&["log", cluster.replicas[primary].data.to_str().unwrap()]);
    let put = log.lines().find(|line| line.contains("put \"t/")).unwrap();
    assert!(put.contains(r#"put "t/\x1b[31mk\ta\nb" = "\x1b]0;title"#), "{put}");
    assert!(!log.contains(|c: char| c.is_control() && c != '\n'), "{log:?}");
}

#[tokio::test]
async fn a_leader_cannot_write_to_the_terminals_of_those_who_ask() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let forged = "me\u{1b}[2J\n7\tsomebody else";
    let inside = format!("'{}' elect --once job {} {}", binary().display(), at[0], at[1]);
    let leader = succeed(&["elect", "job", forged, at[0], at[1], "--", "sh", "-c", &inside]);
    let (_, leader) = leader.split_once('\t').unwrap();
    assert_eq!(leader, "me\\x1b[2J\\n7\\tsomebody else\n");
    let gone =
        understudy(&["lock", "--wait", "0", "a\u{1b}[2Jb", at[0], at[1], "--", "no\u{1b}such"]);
    assert!(!gone.err.contains('\u{1b}') && gone.err.contains("such"), "{gone:?}");
}
