//! A torture in network namespaces, which is asked to end and leaves nothing behind.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::harness::command::Ended;
use crate::harness::{binary, turn, wait};
use crate::json;

/// Why it cannot be done here.
fn obstacle() -> Option<String> {
    if !geteuid().is_root() {
        return Some("only root can make network namespaces".into());
    }
    let missing = |program: &str, version: &str| {
        Command::new(program).arg(version).stdout(Stdio::null()).status().is_err()
    };
    [("ip", "-V"), ("nft", "-v")]
        .into_iter()
        .find(|(program, version)| missing(program, version))
        .map(|(program, _)| format!("there is no command {program}"))
}

#[tokio::test]
async fn packets_are_lost_between_namespaces_and_ctrl_c_leaves_nothing_behind() {
    if let Some(why) = obstacle() {
        println!("SKIPPED: {why}");
        return;
    }
    let _turn = turn().await;
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let torture = Command::new(binary())
        .args(["torture", "--netns", "--minutes", "10", "--seed", "3", "--output", "json"])
        .args(["--faults", "loss,partition,reset,kill"])
        .args(["--log", log.to_str().unwrap()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = torture.id();
    let namespaces = [0, 1].map(|number| format!("/run/netns/understudy-{pid}-{number}"));
    wait::until("the namespaces are there", || async {
        namespaces.iter().all(|name| Path::new(name).exists()).then_some(())
    })
    .await;
    // Long enough for a few faults; the rest is judged, whatever was done by then.
    tokio::time::sleep(Duration::from_secs(15)).await;
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::INT).unwrap();

    let began = Instant::now();
    let output = tokio::task::spawn_blocking(move || torture.wait_with_output()).await.unwrap();
    let output = output.unwrap();
    let ended = Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    assert_eq!(ended.code, Some(0), "{ended:?}\n{}", said());
    assert!(began.elapsed() < Duration::from_secs(120), "it ended only after {began:?}");
    let report = json(&ended);
    assert_eq!(report["ok"], true, "{report}");
    let faults = report["faults"].as_object().unwrap();
    assert!(faults.values().map(|n| n.as_u64().unwrap()).sum::<u64>() > 0, "{report}");
    // Only a kill of what has just been killed may have been in vain.
    for deed in report["deeds"].as_array().unwrap().iter().filter(|deed| deed["done"] == false) {
        assert!(deed["note"].as_str().unwrap().ends_with("has no process"), "{deed}");
    }
    assert!(namespaces.iter().all(|name| !Path::new(name).exists()), "left behind");
    let links = Command::new("ip").args(["-o", "link"]).output().unwrap();
    let links = String::from_utf8(links.stdout).unwrap();
    assert!(!links.contains(&format!("us{pid}")), "left behind: {links}");
}
