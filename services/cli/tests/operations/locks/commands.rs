//! Nothing of a command that runs under a lock is alive once another can hold the lock.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::binary;
use crate::harness::cluster::Cluster;
use crate::harness::running::Running;
use crate::harness::wait;

/// Marks all processes of a test's command.
const MARK: &str = "UNDERSTUDY_TEST_MARK";
/// Children in the background and in a session of their own, and one that wants to stay.
const FAMILY: &str = "sleep 1000 & setsid sleep 1000 & (trap '' HUP INT QUIT TERM USR1 USR2; \
                      setsid sleep 1000) & echo runs; sleep 1000";

/// A command with a family, run under a lock.
struct Family {
    mark: String,
    tool: Running,
}

impl Family {
    /// Starts it and waits until all of it runs.
    async fn start(endpoints: &str, ttl: &str, script: &str) -> Self {
        let mark = format!("{:016x}", fastrand::u64(..));
        let arguments = ["lock", "--endpoints", endpoints, "--ttl", ttl, "job", "--"];
        let command = ["sh", "-c", script];
        let mut tool = Running::start_with(&[&arguments[..], &command].concat(), &[(MARK, &mark)]);
        assert_eq!(tool.says(), "runs\n");
        let family = Family { mark, tool };
        wait::until("its children run", || async { (family.alive().len() >= 5).then_some(()) })
            .await;
        family
    }

    /// What of the command is alive, but for those who watch over it.
    fn alive(&self) -> Vec<String> {
        alive(&self.mark).into_iter().filter(|(_, ours)| !ours).map(|(line, _)| line).collect()
    }

    /// The process between the tool and its command.
    fn supervisor(&self) -> Pid {
        let tool = self.tool.pid();
        let children = std::fs::read_to_string(format!("/proc/{tool}/task/{tool}/children"));
        Pid::from_raw(children.unwrap().trim().parse().unwrap()).unwrap()
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        for pid in alive(&self.mark).keys().filter_map(|line| line.split(' ').next()?.parse().ok())
        {
            let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
        }
    }
}

/// Living processes with this mark, as process id and command line; whether each is this program.
fn alive(mark: &str) -> BTreeMap<String, bool> {
    let mark = format!("{MARK}={mark}");
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let read = |name| std::fs::read(entry.path().join(name)).unwrap_or_default();
        // A zombie has no environment.
        if read("environ").split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()) {
            let line = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
            let ours =
                std::fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe == binary());
            found.insert(format!("{pid} {line}"), ours);
        }
    }
    found
}

/// The next holder's command, once it runs.
fn next_holder(endpoints: &str) -> Running {
    let arguments = [
        "lock",
        "job",
        "--ttl",
        "2s",
        "--endpoints",
        endpoints,
        "--",
        "sh",
        "-c",
        "echo next; exec sleep 60",
    ];
    let mut next = Running::start(&arguments);
    assert_eq!(next.says(), "next\n");
    next
}

#[tokio::test]
async fn a_signal_to_the_tool_alone_ends_all_of_the_command_before_another_holds_the_lock() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    for signal in [
        Signal::KILL,
        Signal::HUP,
        Signal::QUIT,
        Signal::TERM,
        Signal::INT,
        Signal::USR1,
        Signal::USR2,
        Signal::ALARM,
    ] {
        let family = Family::start(&endpoints, "2s", FAMILY).await;
        family.tool.signal(signal);
        let next = next_holder(&endpoints);
        let alive = family.alive();
        assert!(alive.is_empty(), "after {signal:?}: {alive:?}");
        drop(next);
    }
}

#[tokio::test]
async fn a_stopped_tool_cannot_keep_its_command_alive_when_its_lock_is_gone() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let family = Family::start(&endpoints, "2s", FAMILY).await;
    family.tool.signal(Signal::STOP);
    let _next = next_holder(&endpoints);
    let alive = family.alive();
    assert!(alive.is_empty(), "{alive:?}");
    family.tool.signal(Signal::CONT);
}

#[tokio::test]
async fn what_a_command_leaves_running_ends_before_the_lock_is_released() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let script = FAMILY.replace("echo runs; sleep 1000", "echo runs; sleep 0.5; exit 7");
    let mut family = Family::start(&endpoints, "10s", &script).await;
    let _next = next_holder(&endpoints);
    let alive = family.alive();
    assert!(alive.is_empty(), "{alive:?}");
    family.tool.ends().await;
}

#[tokio::test]
async fn a_supervisor_that_is_killed_leaves_nothing() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let mut family = Family::start(&endpoints, "10s", FAMILY).await;
    kill_process(family.supervisor(), Signal::KILL).unwrap();
    let _next = next_holder(&endpoints);
    let alive = family.alive();
    assert!(alive.is_empty(), "{alive:?}");
    family.tool.ends().await;
}

#[tokio::test]
async fn a_lost_lock_ends_its_command_and_the_tool_soon_even_if_its_supervisor_is_stopped() {
    let (mut cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    for stop in [false, true] {
        if stop {
            cluster.start_all();
            cluster.complete().await;
        }
        let mut family = Family::start(&endpoints, "2s", FAMILY).await;
        if stop {
            kill_process(family.supervisor(), Signal::STOP).unwrap();
        }
        (0..2).for_each(|number| cluster.kill(number));
        let begun = Instant::now();
        family.tool.ends().await;
        let alive = family.alive();
        assert!(alive.is_empty(), "{alive:?}");
        // The lease's time, and a second to revoke it in vain.
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}
