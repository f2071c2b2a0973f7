//! A torture that somebody ends early, or whose commands are slow.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::harness::cluster::Cluster;
use crate::harness::{binary, turn, wait};
use crate::run;

/// Longer than it may take to end in order on a loaded machine, and far shorter than what is cut short.
const SOON: Duration = Duration::from_secs(90);

fn start(dir: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(binary());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("TMPDIR", dir);
    command.arg("torture");
    command.args(arguments).args(["--output", "json"]).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn tell(child: &Child, signal: Signal) {
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), signal).unwrap();
}

/// Its exit code and its report.
async fn ended(mut child: Child) -> (Option<i32>, Value) {
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > SOON {
            let _ = child.kill();
            panic!("it does not end");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let output = child.wait_with_output().unwrap();
    let report = serde_json::from_slice(&output.stdout);
    (output.status.code(), report.unwrap_or_else(|error| panic!("{error}: {output:?}")))
}

async fn lines(history: &Path, least: usize) {
    wait::until("operations are recorded", || async {
        let text = std::fs::read_to_string(history).unwrap_or_default();
        (text.lines().count() >= least).then_some(())
    })
    .await;
}

fn whole_lines(history: &Path) -> usize {
    let text = std::fs::read_to_string(history).unwrap();
    assert!(text.ends_with('\n'), "half a line: {:?}", text.lines().last());
    let whole = |line: &&str| assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    text.lines().inspect(whole).count()
}

#[tokio::test]
async fn what_was_done_is_judged_when_it_is_interrupted() {
    let _turn = turn().await;
    let dir = tempfile::tempdir().unwrap();
    let history = dir.path().join("history.jsonl");
    let child = start(
        dir.path(),
        &["--minutes", "5", "--seed", "9", "--history", history.to_str().unwrap()],
    );
    lines(&history, 500).await;
    // A terminal, or `timeout`, may send it to the process and to its group.
    tell(&child, Signal::INT);
    tell(&child, Signal::TERM);
    let (code, report) = ended(child).await;
    assert_eq!((code, &report["ok"]), (Some(0), &true.into()), "{report}");
    assert_eq!(report["interrupted"], true);
    assert!(report["seconds"].as_f64().unwrap() < 60.0, "{report}");
    let counted: u64 =
        report["operations"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(whole_lines(&history) as u64, counted);
    let again = run(&["check", "--history", history.to_str().unwrap()]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
}

#[tokio::test]
async fn a_history_has_whole_lines_though_the_torture_is_killed() {
    let _turn = turn().await;
    let dir = tempfile::tempdir().unwrap();
    let history = dir.path().join("history.jsonl");
    let mut child = start(dir.path(), &["--minutes", "5", "--history", history.to_str().unwrap()]);
    lines(&history, 300).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(whole_lines(&history) >= 300);
}

#[tokio::test]
async fn slow_commands_end_with_the_time_and_with_all_they_started() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let dir = cluster.dir.path();
    let begun = dir.join("begun");
    // The first sleeps are children, and grandchildren hold on to standard error.
    let command = format!("echo $$ >> {}; sleep 7717 & sleep 7717; true", begun.display());
    let yours = ["--endpoints", &endpoints, "--seed", "4", "--fault", &command];

    let (code, report) = ended(start(dir, &[&yours[..], &["--minutes", "0.1"]].concat())).await;
    assert_eq!(code, Some(0), "{report}");
    assert!(report["seconds"].as_f64().unwrap() < 30.0, "{report}");
    let deeds = report["deeds"].as_array().unwrap();
    assert!(!deeds.is_empty(), "{report}");
    for deed in deeds {
        assert!(deed["note"].as_str().unwrap().contains("the torture is over"), "{deed}");
    }
    nothing_left();

    std::fs::remove_file(&begun).unwrap();
    let child = start(dir, &[&yours[..], &["--minutes", "10"]].concat());
    wait::until("a command runs", || async { begun.exists().then_some(()) }).await;
    tell(&child, Signal::TERM);
    let (code, report) = ended(child).await;
    assert_eq!((code, &report["interrupted"]), (Some(0), &true.into()), "{report}");
    nothing_left();
}

/// No process of the commands is there any more.
fn nothing_left() {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let line = |path: std::path::PathBuf| std::fs::read(path.join("cmdline")).unwrap_or_default();
    let left = processes.map(|entry| line(entry.path()));
    let left: Vec<_> = left.filter(|line| line.starts_with(b"sleep\x007717")).collect();
    assert!(left.is_empty(), "{left:?}");
}
