//! `understudy watch`.

use std::process::{Child, Command, Stdio};

use crate::harness::binary;
use crate::harness::cluster::Cluster;
use crate::harness::command::{refuse, succeed, understudy};

fn watch(arguments: &[&str]) -> Child {
    let mut command = Command::new(binary());
    command.env_clear().arg("watch").args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::piped()).spawn().unwrap()
}

fn ended(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn every_change_is_printed_once_though_the_primary_is_killed() {
    let (mut cluster, primary, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let run = |arguments: &[&str]| -> i64 {
        let out = succeed(&[arguments, &at, &["--output", "json"]].concat());
        let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
        answer["revision"].as_i64().unwrap()
    };
    let first = run(&["put", "w/1", "one"]);
    let from = first.to_string();
    let begin = ["--prefix", "w/", "--revision", &from, "--endpoints", &endpoints];
    let lines = watch(&[&begin[..], &["--count", "4", "--previous"]].concat());
    let json = watch(&[&begin[..], &["--count", "3", "--output", "json"]].concat());
    run(&["put", "other", "-"]);
    run(&["put", "w/1", "two"]);
    cluster.kill(primary);
    let third = run(&["del", "w/1"]);
    run(&["put", "w/2", "\u{e9}"]);

    let (two, four) = (first + 2, third + 1);
    let expected = format!(
        "{first}\tput\tw/1\tone\n{two}\tput\tw/1\ttwo\twas\tone\n{third}\tdel\tw/1\twas\ttwo\n{four}\tput\tw/2\té\n"
    );
    assert_eq!(ended(lines), expected);
    let json: Vec<serde_json::Value> =
        ended(json).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&json[0]["type"], &json[0]["value"]), (&"put".into(), &"one".into()));
    let gone = serde_json::json!({
        "type": "del", "key": "w/1", "mod_revision": third, "revision": third
    });
    assert_eq!(json[2], gone);

    let ranged =
        ["--from", "772f32", "--to", "772f33", "--hex", "--count", "1", "--revision", &from];
    assert_eq!(ended(watch(&[&ranged[..], &at].concat())), format!("{four}\tput\t772f32\tc3a9\n"));
    refuse(&["watch", "--revision", "1000000", "w", at[0], at[1]], "does not exist yet");
}

#[tokio::test]
async fn the_argument_is_a_prefix_as_that_of_list_and_common_names_are_known() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let run = |arguments: &[&str]| succeed(&[arguments, &at].concat());
    let first: serde_json::Value =
        serde_json::from_str(&run(&["set", "users/ada", "1", "--output", "json"])).unwrap();
    let from = first["revision"].to_string();
    for key in ["user", "users/ada/mail", "users/bob"] {
        run(&["set", key, "1"]);
    }
    let seen = |arguments: &[&str]| -> Vec<String> {
        let lines = ended(watch(&[arguments, &["--revision", &from], &at].concat()));
        lines.lines().filter_map(|line| Some(line.split('\t').nth(2)?.to_owned())).collect()
    };
    let under = ["users/ada", "users/ada/mail", "users/bob"];
    assert_eq!(seen(&["users/", "--count", "3"]), under);
    assert_eq!(seen(&["--prefix", "users/", "--count", "3"]), under);
    assert_eq!(run(&["ls", "users/", "--keys"]).lines().collect::<Vec<_>>(), under);
    assert_eq!(seen(&["--count", "2"]), ["users/ada", "user"]);
    run(&["set", "users/ada", "2"]);
    assert_eq!(seen(&["--key", "users/ada", "--count", "2"]), ["users/ada"; 2]);

    assert_eq!(run(&["delete", "--prefix", "users/"]), "3 keys deleted\n");
    assert_eq!(run(&["ls", "user"]), "user\t1\n");
    let both = understudy(&["watch", "users/", "--key", "users/ada", at[0], at[1]]);
    assert_eq!(both.code, Some(2), "{both:?}");
}
