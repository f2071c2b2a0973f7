//! Commands that go on until somebody ends them: `watch`, `elect`, `status --watch`, `dev`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::cluster::Cluster;
use crate::harness::command::{succeed, understudy};
use crate::harness::{binary, turn, wait};

/// A command under way; killed with the test.
struct Standing {
    child: Child,
    out: Option<BufReader<ChildStdout>>,
}

impl Standing {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command.env_clear().args(arguments).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = child.stdout.take().map(BufReader::new);
        Standing { child, out }
    }

    /// Its exit code, once it has ended by itself.
    async fn ended(&mut self, what: &str) -> Option<i32> {
        let child = std::cell::RefCell::new(&mut self.child);
        wait::until(what, || async { child.borrow_mut().try_wait().unwrap() }).await.code()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.as_mut().unwrap().read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn whoever_prints_for_ever_ends_at_once_when_the_reader_has_gone() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let revision = succeed(&["put", "--output", "json", "k", "v", at[0], at[1]]);
    let revision: serde_json::Value = serde_json::from_str(&revision).unwrap();
    let revision = revision["mod_revision"].to_string();
    let watch = ["watch", "--revision", &revision, "k"];
    let status = ["status", "--watch", "--interval", "1h"];
    for arguments in [&watch[..], &["elect", "nobody"], &status] {
        let mut standing = Standing::start(&[arguments, &at].concat());
        assert_ne!(standing.line(), "", "{arguments:?}");
        // As `head -1` does; nothing happens to the key any more.
        drop(standing.out.take());
        let ended = standing.ended(&format!("{arguments:?} ends")).await;
        assert_eq!(ended, Some(0), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_watch_waits_for_a_primary_unless_it_has_a_deadline() {
    let (mut cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let mut watch = Standing::start(&["watch", "--prefix", "w/", at[0], at[1]]);
    succeed(&["put", "w/1", "one", at[0], at[1]]);
    (0..2).for_each(|number| cluster.kill(number));
    let bounded = understudy(&["watch", "k", "--deadline", "500ms", at[0], at[1]]);
    assert_eq!(bounded.code, Some(4), "{bounded:?}");
    assert!(bounded.err.contains("no primary to watch within"), "{bounded:?}");
    assert!(!bounded.err.contains("nothing was changed"), "{bounded:?}");

    // It says once that it waits, and does.
    let mut stderr = BufReader::new(watch.child.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    assert!(said.contains("no primary to watch within") && said.ends_with("; waiting\n"), "{said}");
    assert!(watch.child.try_wait().unwrap().is_none(), "it has ended");
    cluster.start_all();
    cluster.complete().await;
    succeed(&["put", "w/2", "two", at[0], at[1]]);
    let mut lines = watch.out.take().unwrap().lines();
    let seen = lines.find(|line| line.as_ref().unwrap().ends_with("w/2\ttwo"));
    assert!(seen.is_some());
}

/// A pair is not there for those who read what happens to it.
#[tokio::test]
async fn dev_serves_on_whoever_reads() {
    let _turn = turn().await;
    let start =
        |arguments: &[&str]| Standing::start(&[&["dev", "--port", "0"], arguments].concat());
    let follows = |dev: &mut Standing| loop {
        let line = dev.line();
        assert_ne!(line, "", "it has ended");
        if let Some(address) = line.split(" follows the primary").next()
            && let Some((_, address)) = address.split_once("The pair is ready. ")
        {
            break address.to_owned();
        }
    };
    // One reader leaves, another takes nothing any more.
    for leaves in [true, false] {
        let mut dev = start(&["--", "--log", "trace"]);
        let address = follows(&mut dev);
        if leaves {
            drop(dev.out.take());
        }
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(5) {
            let put = ["put", "k", "v", "--deadline", "5s", "--endpoints", &address];
            let put = understudy(&put);
            assert_eq!(put.code, Some(0), "leaves: {leaves}, {put:?}");
        }
        assert!(dev.child.try_wait().unwrap().is_none(), "it has ended");
    }
}
