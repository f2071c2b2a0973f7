//! `understudy dev` and `understudy demo`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use understudy_client::proto::admin::v1::Role;

use crate::harness::command::succeed;
use crate::harness::running::Running;
use crate::harness::{self, turn, wait};

/// A running `understudy dev` and what it said when it was ready.
struct Dev {
    process: std::process::Child,
    ready: serde_json::Value,
}

impl Dev {
    fn start() -> Self {
        use std::io::BufRead as _;
        let mut command = std::process::Command::new(harness::binary());
        command.args(["dev", "--port", "0", "--output", "json"]).env_clear();
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        let stdout = process.stdout.take().unwrap();
        std::io::BufReader::new(stdout).read_line(&mut line).unwrap();
        Dev { process, ready: serde_json::from_str(&line).unwrap() }
    }

    fn pids(&self) -> Vec<i32> {
        let replicas = self.ready["replicas"].as_array().unwrap();
        replicas.iter().map(|r| r["pid"].as_i64().unwrap() as i32).collect()
    }

    fn signal(&self, pid: i32, signal: Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal)
            .unwrap();
    }

    async fn all_gone(&self) {
        wait::until("the replicas are gone", || async {
            let gone = |pid: &i32| !Path::new(&format!("/proc/{pid}/exe")).exists();
            self.pids().iter().all(gone).then_some(())
        })
        .await;
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn dev_gives_one_address_that_follows_the_primary_and_takes_its_replicas_along() {
    let _turn = turn().await;
    let mut dev = Dev::start();
    let address = dev.ready["address"].as_str().unwrap().to_owned();
    let replicas = dev.ready["replicas"].as_array().unwrap().clone();
    assert_eq!(replicas.len(), 2);
    for field in ["name", "address", "metrics", "data", "role"] {
        assert!(replicas.iter().all(|r| r[field].is_string()), "{field}");
    }
    succeed(&["put", "--endpoints", &address, "k", "v"]);
    let primary = replicas.iter().position(|r| r["role"] == "primary").unwrap();
    dev.signal(dev.pids()[primary], Signal::KILL);
    assert_eq!(succeed(&["get", "--endpoints", &address, "k"]).trim_end(), "v");
    // The killed one is back, as another process.
    let killed = replicas[primary]["address"].as_str().unwrap();
    let client = understudy_client::Client::connect(killed).unwrap();
    let client = client.with_deadline(Duration::from_secs(1));
    wait::until("the killed replica is back", || async {
        let status = client.status(killed).await.ok()?;
        (status.role() == Role::Backup).then_some(())
    })
    .await;

    let pid = dev.process.id().cast_signed();
    dev.signal(pid, Signal::TERM);
    assert!(dev.process.wait().unwrap().success());
    dev.all_gone().await;
    assert!(!Path::new(replicas[0]["data"].as_str().unwrap()).exists(), "it was temporary");
}

/// The terminal is shared with the user.
#[tokio::test]
async fn dev_says_who_has_which_role_and_shows_the_log_when_asked_to() {
    let _turn = turn().await;
    for (flags, whole) in [(&[][..], false), (&["-v"], true), (&["--", "--log", "info"], true)] {
        let mut dev = Running::start(&[&["dev", "--port", "0"], flags].concat());
        let mut said = Vec::new();
        let number = |word: &str| word.parse::<i32>().unwrap();
        while !said.last().is_some_and(|line: &String| line.contains("Ctrl-C ends the pair")) {
            said.push(dev.says());
        }
        let primary = said.iter().find(|line| line.contains("  primary  pid ")).unwrap();
        let primary = number(primary.split_whitespace().nth(3).unwrap());
        // Of one kind five lines a second are logged: the transitions to come must all be.
        tokio::time::sleep(Duration::from_secs(2)).await;
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(primary).unwrap(),
            Signal::KILL,
        )
        .unwrap();
        let until = if whole { "to=\"backup\" epoch=3" } else { "  backup (epoch 3): " };
        while !said.last().unwrap().contains(until) {
            said.push(dev.says());
        }
        let says = |what: &str| said.iter().any(|line| line.contains(what));
        assert!(says(&format!("process {primary} is gone")), "{said:?}");
        assert_eq!(says("a life begins"), whole, "{said:?}");
        assert_eq!(says("  primary (epoch 2): "), !whole, "{said:?}");
        let widest = said.iter().map(|line| line.trim_end().chars().count()).max();
        assert!(whole || widest <= Some(80), "{said:?}");
        dev.signal(Signal::INT);
        assert_eq!(dev.ended().0, Some(0));
    }
}

#[tokio::test]
async fn replicas_of_a_dev_that_is_killed_go_too() {
    let _turn = turn().await;
    let dev = Dev::start();
    dev.signal(dev.process.id().cast_signed(), Signal::KILL);
    dev.all_gone().await;
    let data = PathBuf::from(dev.ready["replicas"][0]["data"].as_str().unwrap());
    std::fs::remove_dir_all(data.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn a_small_demo_succeeds() {
    let _turn = turn().await;
    let out = succeed(&["demo", "--kills", "1", "--output", "json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["ok"], true);
    assert_eq!(report["kills"].as_array().unwrap().len(), 1);
    assert!(report["verdict"]["acknowledged"].as_u64().unwrap() > 0);
    assert_eq!(report["versions"]["keys"], 64);
}
