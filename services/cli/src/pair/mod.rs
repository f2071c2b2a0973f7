//! A pair of real processes on this machine, and an address that follows its primary.

mod event;
mod following;
pub mod logbook;
mod plan;
mod ports;
mod process;
mod status;
mod watcher;

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use understudy_arbiter::DirectoryRegister;
use understudy_client::Client;
use understudy_wal::{Disk as _, RealDisk, RealLock};

use crate::failure::Failure;

pub use event::ProcessEvent;
pub use logbook::Logbook;
pub use plan::{NAMES, Place, Plan, ReplicaPlan};
pub use ports::Ports;

use process::ReplicaProcess;
use status::is_complete;
use watcher::Acting;

/// How often a pair that is not complete is asked how it is.
const POLL: Duration = Duration::from_millis(20);
/// How long a replica may take to say how it is.
const ANSWER: Duration = Duration::from_secs(1);

/// A running pair. Dropping it kills its processes.
pub struct Pair {
    /// Where everything is.
    pub plan: Plan,
    processes: Vec<ReplicaProcess>,
    acting: Acting,
    following: JoinHandle<()>,
    client: Client,
}

impl Pair {
    /// Starts a pair in `dir`, with a register if there is none. What happens goes to `tell`.
    ///
    /// # Errors
    /// When the register cannot be created, the following port is taken, or no process can start.
    pub async fn start(plan: Plan, tell: mpsc::Sender<ProcessEvent>) -> Result<Self, Failure> {
        if !plan.register.exists() {
            DirectoryRegister::create(&plan.register).map_err(Failure::new)?;
        }
        let listener = TcpListener::bind(&plan.following).await.map_err(|error| {
            Failure::new(format!(
                "cannot listen on {}: {error}; choose another with --port, or --port 0",
                plan.following
            ))
        })?;
        let processes =
            plan.replicas.iter().map(|replica| ReplicaProcess::start(replica, tell.clone()));
        let processes = processes
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Failure::new(format!("cannot start a replica: {error}")))?;
        let acting = watcher::watch(&plan.endpoints());
        let following = following::follow(listener, plan.endpoints(), acting.clone());
        let client = Client::connect(&plan.endpoints().join(","))?.with_deadline(ANSWER);
        Ok(Pair { plan, processes, acting, following: tokio::spawn(following), client })
    }

    /// The number of the acting replica.
    pub fn acting(&self) -> Option<usize> {
        *self.acting.borrow()
    }

    /// The process of a replica, while there is one.
    pub fn pid(&self, number: usize) -> Option<u32> {
        self.processes[number].pid()
    }

    /// The process of a replica from now on, `None` whenever there is none.
    pub fn watch(&self, number: usize) -> watch::Receiver<Option<u32>> {
        self.processes[number].watch()
    }

    /// Whether a replica's process that is gone stays gone for now.
    pub fn hold(&self, number: usize, held: bool) {
        self.processes[number].hold(held);
    }

    /// Sends a signal to the process of a replica; gives its id.
    ///
    /// # Errors
    /// When there is none.
    pub fn signal(&self, number: usize, signal: Signal) -> Result<u32, Failure> {
        let gone = || Failure::new(format!("{} has no process", self.plan.replicas[number].name));
        let pid = self.pid(number).ok_or_else(gone)?;
        let process = Pid::from_raw(pid.cast_signed()).ok_or_else(gone)?;
        kill_process(process, signal).map_err(|_| gone())?;
        Ok(pid)
    }

    /// Asks for a handover to whoever can.
    ///
    /// # Errors
    /// When it is refused or its outcome is unknown.
    pub async fn hand_over(&self) -> Result<(), Failure> {
        self.client.hand_over("").await?;
        Ok(())
    }

    /// Waits until one replica acts and the other backs it up. Gives the primary's number.
    ///
    /// # Errors
    /// When that takes longer than `patience`.
    pub async fn complete(&self, patience: Duration) -> Result<usize, Failure> {
        let wait = async {
            loop {
                if let Some(number) = self.acting()
                    && let Ok(status) =
                        self.client.status(&self.plan.replicas[number].clients).await
                    && is_complete(&status)
                {
                    return number;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(patience, wait).await.map_err(|_| {
            Failure::new(format!(
                "the pair is not complete after {} s: see what its replicas say",
                patience.as_secs()
            ))
        })
    }

    /// Ends both processes.
    pub async fn stop(mut self) {
        self.following.abort();
        let stops: Vec<_> =
            self.processes.drain(..).map(|process| tokio::spawn(process.stop())).collect();
        for stop in stops {
            let _ = stop.await;
        }
    }
}

/// Makes the directory of a pair absolute, so that its processes agree on it.
///
/// # Errors
/// When it cannot be made.
pub fn directory(dir: &Path) -> Result<std::path::PathBuf, Failure> {
    let failed =
        |error| Failure::new(format!("cannot make the directory {}: {error}", dir.display()));
    // Its owner's alone, whatever the umask; one that exists keeps its mode.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    dir.canonicalize().map_err(failed)
}

/// Takes the directory of a pair for this process alone, until the lock is dropped or the process ends.
///
/// # Errors
/// When another process has it.
pub fn claim(dir: &Path) -> Result<RealLock, Failure> {
    RealDisk::new(dir).lock().map_err(|error| {
        Failure::new(format!(
            "{} is {error}: end that pair, or name another directory with --dir",
            dir.display()
        ))
    })
}
