//! `understudy lease`, `lock` and `elect`.

mod commands;
mod elections;
mod fencing;
mod names;
mod terminals;
mod waiting;

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use understudy_client::proto::kv::v1::ListRequest;
use understudy_client::proto::kv::v1::list_request::Target;
use understudy_client::{Error, Lock};

use crate::harness::cluster::Cluster;
use crate::harness::command::{refuse, succeed, understudy};
use crate::harness::running::Running;

#[tokio::test]
async fn keys_go_with_their_lease() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let run = |arguments: &[&str]| succeed(&[arguments, &at].concat());
    let id = run(&["lease", "grant", "60s"]).trim().to_owned();
    run(&["put", "--lease", &id, "a", "1"]);
    run(&["put", "--lease", &id, "b", "1"]);
    run(&["put", "--keep-lease", "b", "2"]);
    let shown = run(&["lease", "show", &id]);
    assert!(shown.ends_with("of 60000 ms left\n  a\n  b\n"), "{shown}");
    let kept: Value =
        serde_json::from_str(&run(&["lease", "keep", "--once", &id, "--output", "json"])).unwrap();
    assert_eq!(kept["remaining_ms"], 60_000);
    run(&["put", "--ttl", "300ms", "short", "1"]);
    assert_eq!(run(&["lease", "list"]).lines().count(), 2);
    assert_eq!(run(&["lease", "revoke", &id]), "2 keys deleted\n");
    refuse(&["lease", "show", &id, at[0], at[1]], &format!("there is no lease {id}"));
    let begun = Instant::now();
    while !run(&["list"]).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10), "the key stays");
    }
}

#[tokio::test]
async fn a_lock_runs_one_command_at_a_time_and_tokens_rise() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let lock = |arguments: &[&str]| {
        Running::start(&[&["lock", "--endpoints", &endpoints], arguments].concat())
    };
    let at = ["--endpoints", &endpoints];
    let script = "echo $UNDERSTUDY_LOCK $UNDERSTUDY_TOKEN $(date +%s%N); sleep 0.4; date +%s%N";
    let all: Vec<Running> = (0..3).map(|_| lock(&["job", "--", "sh", "-c", script])).collect();
    let mut turns: Vec<(i64, i64, i64)> = Vec::new();
    for one in all {
        let (code, out, err) = one.ended();
        assert_eq!((code, &err[..]), (Some(0), ""));
        let words: Vec<&str> = out.split_whitespace().collect();
        assert_eq!(words[0], "job");
        let [token, begun, ended] = [1, 2, 3].map(|at| words[at].parse::<i64>().unwrap());
        turns.push((begun, ended, token));
    }
    turns.sort_unstable();
    for pair in turns.windows(2) {
        assert!(pair[0].1 <= pair[1].0 && pair[0].2 < pair[1].2, "{turns:?}");
    }
    let (code, _, err) = lock(&["job", "--", "sh", "-c", "exit 7"]).ended();
    assert_eq!((code, &err[..]), (Some(7), ""));
    let nowhere = lock(&["job", "--", "no-such-program"]).ended();
    assert_eq!((nowhere.0, &nowhere.1[..]), (Some(127), ""), "{nowhere:?}");
    assert!(nowhere.2.starts_with("understudy: cannot run no-such-program: "), "{nowhere:?}");
    let (code, _, err) = lock(&["job", "--", "/etc/passwd"]).ended();
    assert_eq!(code, Some(126), "{err}");
    let (code, _, err) = lock(&["job", "--", "sh", "-c", "kill -INT $$"]).ended();
    assert_eq!((code, &err[..]), (Some(130), ""));
    let mut holder = lock(&["job", "--", "sh", "-c", "echo runs; exec sleep 20"]);
    assert_eq!(holder.says(), "runs\n");
    let refused = ["lock", "job", "--wait", "0", at[0], at[1], "--", "true"];
    refuse(&refused, "lock \"job\" is held by another");
    holder.signal(Signal::TERM);
    let (code, _, err) = holder.ended();
    assert_eq!((code, &err[..]), (Some(143), ""), "it was handed to the command");
    succeed(&["lock", "job", "--wait", "5s", at[0], at[1], "--", "true"]);
}

#[tokio::test]
async fn whoever_lost_a_lock_ends_its_command() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    // Its key stands in the line before it knows that it leads: only the command's word tells.
    let command = ["--ttl", "2s", at[0], at[1], "--", "sh", "-c", "echo leads; exec sleep 60"];
    let mut stopped = Running::start(&[&["elect", "job", "one"][..], &command].concat());
    assert_eq!(stopped.says(), "leads\n");
    let leader = || understudy(&["elect", "job", "--once", at[0], at[1]]).out;
    assert!(leader().ends_with("\tone\n"), "{}", leader());
    stopped.signal(Signal::STOP);
    let mut second = Running::start(&["elect", "job", "two", at[0], at[1]]);
    let begun = Instant::now();
    while !leader().ends_with("\ttwo\n") {
        assert!(begun.elapsed() < Duration::from_secs(10), "one leads although it is stopped");
    }
    stopped.signal(Signal::CONT);
    let (code, _, err) = stopped.ended();
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("is lost: it was not renewed in time, the command was ended"), "{err}");
    assert!(second.says().starts_with("job is held, token "));
    second.signal(Signal::INT);
    assert_eq!(second.ended().0, Some(0));
}

/// Eight clients pass a lock around while the primary is killed: never do two hold it, and tokens rise.
#[tokio::test]
async fn a_lock_excludes_over_failovers() {
    const TURNS: i64 = 5;
    let (mut cluster, _, _) = Cluster::pair().await;
    let (inside, turns) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicI64::new(0)));
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (client, inside) = (cluster.client(), inside.clone());
        let (turns, tokens) = (turns.clone(), tokens.clone());
        workers.spawn(async move {
            for _ in 0..TURNS {
                let lock = client.lock("job").await.unwrap();
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two hold the lock");
                tokens.lock().unwrap().push(lock.token());
                tokio::time::sleep(Duration::from_millis(100)).await;
                assert!(lock.is_held());
                inside.fetch_sub(1, Ordering::SeqCst);
                turns.fetch_add(1, Ordering::SeqCst);
                released(lock).await;
            }
        });
    }
    for kill in 1..=3 {
        while turns.load(Ordering::SeqCst) < 8 * kill {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let primary = cluster.complete().await;
        cluster.kill(primary);
        cluster.start(primary);
    }
    while let Some(ended) = workers.join_next().await {
        ended.unwrap();
    }
    let tokens = tokens.lock().unwrap();
    assert_eq!(tokens.len(), 40);
    assert!(tokens.is_sorted_by(|before, after| before < after), "{tokens:?}");
}

/// A release of unknown outcome was one, or is one when the lease's time is over.
async fn released(lock: Lock) {
    match lock.release().await {
        Ok(()) | Err(Error::OutcomeUnknown { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

/// All keys in a lock's line.
fn line(name: &str) -> ListRequest {
    let target = Some(Target::Prefix(format!("{name}/.lock/").into()));
    ListRequest { target, ..ListRequest::default() }
}
