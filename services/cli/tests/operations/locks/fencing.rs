//! The script of docs/store.md, exactly as it stands there.

use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::harness::binary;
use crate::harness::cluster::Cluster;
use crate::harness::command::succeed;
use crate::harness::running::Running;

const PAGE: &str = include_str!("../../../../../docs/store.md");

/// The script that the page shows.
fn script() -> &'static str {
    let begin = PAGE.find("#!/bin/sh").expect("a script");
    &PAGE[begin..begin + PAGE[begin..].find("```").expect("its end")]
}

#[tokio::test]
async fn the_documented_script_writes_under_its_lock_alone() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let dir = TempDir::with_prefix("understudy-test-").unwrap();
    let path = dir.path().join("report.sh");
    std::fs::write(&path, script()).unwrap();
    std::os::unix::fs::symlink(binary(), dir.path().join("understudy")).unwrap();
    let search = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap());
    let variables = [("PATH", &search[..]), ("UNDERSTUDY_ENDPOINTS", &endpoints)];
    let script = path.to_str().unwrap();
    let value = || succeed(&["get", "report", "--endpoints", &endpoints]);
    for name in ["nightly", "a name with spaces/", ""] {
        let ended = Running::start_with(&["lock", name, "--", "sh", script], &variables).ended();
        assert_eq!((ended.0, &ended.2[..]), (Some(0), ""), "{ended:?}");
        assert_eq!(value(), "done\n");
        succeed(&["del", "report", "--endpoints", &endpoints]);
    }
    // A holder of before: the key is another's now, or nobody's.
    let mut holder = Running::start(&["lock", "nightly", "--endpoints", &endpoints]);
    assert!(holder.says().contains("is held"));
    let line = cluster.client().list(super::line("nightly")).await.unwrap().kvs;
    let key = String::from_utf8(line[0].key.to_vec()).unwrap();
    for (key, token) in [(&key[..], line[0].create_revision - 1), ("nightly/.lock/00", 7)] {
        let mut late = Command::new("sh");
        late.arg(script).envs(variables).env("UNDERSTUDY_LOCK", "nightly");
        late.env("UNDERSTUDY_KEY", key).env("UNDERSTUDY_TOKEN", token.to_string());
        let ended = late.output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(cluster.client().get("report").await.unwrap().kv.is_none());
    }
    holder.signal(Signal::TERM);
    assert_eq!(holder.ended().0, Some(0));
}
