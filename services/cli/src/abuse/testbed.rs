//! The pair, who watches it, and one way of abuse after the other.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;
use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;
use understudy_client::Client;

use super::data;
use super::honest::Honest;
use super::newcomers::Newcomers;
use super::rows::{Row, Target};
use crate::failure::Failure;
use crate::pair::{Logbook, Pair, Plan, Ports};
use crate::print;

/// How long the pair may take to be complete.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes that a replica may have resident, with default options and what the abuse wrote to the store.
const MEMORY: u64 = 600 << 20;
/// Milliseconds that the honest client may wait, unless the way says otherwise.
const P99_MS: f64 = 100.0;

/// A pair under abuse, and who watches it.
pub struct TestBed {
    pair: Pair,
    client: Client,
    log: Logbook,
    group: Option<Group>,
    _dir: TempDir,
}

/// What was seen.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// The most that each replica had resident, bytes.
    pub memory: [u64; 2],
    /// Changes of role, and processes that ended.
    pub changes: u64,
    pub p99_ms: f64,
    pub longest_ms: f64,
    /// Honest Puts that failed.
    pub refused: u64,
    /// Clients of another address that were served, where any come.
    pub newcomers: Option<u64>,
    /// What those of them were told who were refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turned_away: Vec<String>,
}

impl Outcome {
    /// What is beyond its bounds.
    pub fn faults(&self, row: &Row, p99_ms: Option<f64>) -> Vec<String> {
        let mut faults = Vec::new();
        let most = self.memory.into_iter().max().unwrap_or_default();
        if most > MEMORY {
            faults.push(format!("{} MiB resident, at most {} allowed", most >> 20, MEMORY >> 20));
        }
        if self.changes > 0 {
            faults.push(format!("{} change(s) of role or process", self.changes));
        }
        let p99 = p99_ms.or(row.p99_ms).unwrap_or(P99_MS);
        if self.p99_ms > p99 {
            faults.push(format!("p99 {:.1} ms, at most {p99:.0} allowed", self.p99_ms));
        }
        if self.refused > 0 {
            faults.push(format!("{} honest Puts failed", self.refused));
        }
        if self.newcomers == Some(0) {
            faults.push("no newcomer was served".to_owned());
        }
        if let Some(why) = self.turned_away.first() {
            faults.push(format!("{} newcomers turned away: {why}", self.turned_away.len()));
        }
        faults
    }
}

/// What each replica is given, bytes.
#[derive(Clone, Copy)]
pub struct Limits {
    pub memory: Option<u64>,
    pub disk: Option<u64>,
}

impl TestBed {
    /// Starts a pair with data in it.
    pub async fn start(
        program: Option<PathBuf>,
        extra: &[String],
        limits: Limits,
        bar: &ProgressBar,
    ) -> Result<Self, Failure> {
        let dir =
            tempfile::Builder::new().prefix("understudy-abuse-").tempdir().map_err(Failure::new)?;
        let mut plan = Plan::new(dir.path(), Ports::free().map_err(Failure::new)?, extra);
        let group = limits.memory.map(Group::new).transpose()?;
        for replica in &mut plan.replicas {
            let disk = limits.disk.map(|bytes| (bytes, replica.data.as_path()));
            replica.program = words(program.as_deref(), group.as_ref(), disk)?;
        }
        let (tell, events) = mpsc::channel(1024);
        let log = Logbook::start(events, None, |_| {})?;
        let pair = Pair::start(plan, tell).await?;
        bar.set_message("waiting for the pair");
        pair.complete(PATIENCE).await?;
        let client = Client::connect(&pair.plan.endpoints().join(","))?;
        bar.set_message("writing keys");
        data::write(&client).await?;
        Ok(TestBed { pair, client, log, group, _dir: dir })
    }

    /// One way of abuse, with an honest client beside it.
    pub async fn run(&mut self, row: &Row, seconds: Duration) -> Result<Outcome, Failure> {
        let primary = self.pair.complete(PATIENCE).await?;
        let before = self.identity().await?;
        let address = |port: fn(&crate::pair::ReplicaPlan) -> &String| {
            port(&self.pair.plan.replicas[primary]).clone()
        };
        let target = Target {
            clients: address(|replica| &replica.clients),
            peers: address(|replica| &replica.peers),
            ops: address(|replica| &replica.ops),
        };
        let watching = [0, 1].map(|n| Memory::watch(self.pair.pid(n)));
        let honest = Honest::start(self.client.clone());
        let endpoints = self.pair.plan.endpoints().join(",").parse().map_err(Failure::new)?;
        let newcomers = row.newcomers.then(|| Newcomers::start(endpoints));
        let abuse = abuse(row, target, seconds)?;
        tokio::time::sleep(seconds).await;
        let waited = honest.stop().await;
        let served = match newcomers {
            Some(newcomers) => newcomers.stop().await,
            None => None,
        };
        let memory = watching.map(|memory| memory.most());
        // One thread, whose time is up with the row.
        let _ = tokio::task::spawn_blocking(move || abuse.join()).await;
        let after = self.identity().await?;
        let changes = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        let waited = waited.ok_or_else(|| Failure::new("the honest client broke off"))?;
        Ok(Outcome {
            memory,
            changes: changes as u64,
            p99_ms: waited.quantile_ms(0.99),
            longest_ms: waited.quantile_ms(1.0),
            refused: waited.refused,
            newcomers: served.as_ref().map(|served| served.count),
            turned_away: served.map(|served| served.refused).unwrap_or_default(),
        })
    }

    /// Who is who: processes and epoch.
    async fn identity(&self) -> Result<[u64; 3], Failure> {
        let primary = self.pair.complete(PATIENCE).await?;
        let status = self.client.status(&self.pair.plan.replicas[primary].clients).await?;
        let pid = |n| self.pair.pid(n).map_or(0, u64::from);
        Ok([pid(0), pid(1), status.epoch])
    }

    /// Ends the pair.
    pub async fn stop(self) {
        self.pair.stop().await;
        let last = self.log.close().await;
        drop(self.group);
        last.iter().filter(|line| line.contains("ERROR")).for_each(print::note);
    }
}

/// Misbehaves on a thread of its own: the honest client must wait for the pair, not for this process.
fn abuse(row: &Row, target: Target, seconds: Duration) -> Result<JoinHandle<()>, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(Failure::new)?;
    let run = row.run;
    std::thread::Builder::new()
        .spawn(move || {
            runtime.block_on(async {
                // Abuse that is turned away is no failure of the run.
                let _ = tokio::time::timeout(seconds, run(target)).await;
            });
        })
        .map_err(Failure::new)
}

/// Looks at a process's memory.
struct Memory {
    most: watch::Receiver<u64>,
    _look: AbortOnDropHandle<()>,
}

impl Memory {
    fn watch(pid: Option<u32>) -> Self {
        let (seen, most) = watch::channel(0);
        let look = async move {
            loop {
                let now = pid.and_then(resident).unwrap_or_default();
                seen.send_modify(|most| *most = (*most).max(now));
                tokio::time::sleep(LOOK).await;
            }
        };
        Memory { most, _look: AbortOnDropHandle::new(tokio::spawn(look)) }
    }

    fn most(&self) -> u64 {
        *self.most.borrow()
    }
}

/// Bytes that a process has resident.
fn resident(pid: u32) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// What runs a replica: in its control group, and with a disk of its own at its data directory, if there are such.
fn words(
    program: Option<&Path>,
    group: Option<&Group>,
    disk: Option<(u64, &Path)>,
) -> Result<Vec<String>, Failure> {
    let own = std::env::current_exe().map_err(Failure::new)?;
    let mut words = vec![program.unwrap_or(&own).display().to_string()];
    if let Some((bytes, place)) = disk {
        std::fs::create_dir_all(place).map_err(Failure::new)?;
        let mount = format!("mount -t tmpfs -o size={bytes} tmpfs '{}'", place.display());
        words = [vec!["unshare".into(), "--mount".into()], shell(&mount, words)].concat();
    }
    if let Some(group) = group {
        let join = format!("echo $$ > {}", group.0.join("cgroup.procs").display());
        words = shell(&join, words);
    }
    Ok(words)
}

/// A command after another one, in the same process.
fn shell(first: &str, then: Vec<String>) -> Vec<String> {
    let words = ["sh", "-c", &format!("{first} && exec \"$@\""), "sh"].map(Into::into);
    [words.into(), then].concat()
}

/// A memory control group, which goes when this is dropped.
struct Group(PathBuf);

impl Group {
    /// One for this process's pair, of the first or the second version, whichever there is.
    fn new(limit: u64) -> Result<Self, Failure> {
        let name = format!("understudy-abuse-{}", std::process::id());
        let places =
            [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
        let mut why = String::new();
        for (place, file) in places {
            let group = PathBuf::from(place).join(&name);
            let made = std::fs::create_dir(&group)
                .and_then(|()| std::fs::write(group.join(file), limit.to_string()));
            match made {
                Ok(()) => return Ok(Group(group)),
                Err(error) => {
                    let _ = std::fs::remove_dir(&group);
                    why = format!("{}: {error}", group.display());
                }
            }
        }
        Err(Failure::new(format!(
            "no memory control group ({why}): run it as root, or without --cgroup"
        )))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}
