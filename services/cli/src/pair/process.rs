//! Keeps one replica's process running, as Kubernetes would.

use std::io;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::event::ProcessEvent;
use super::plan::ReplicaPlan;

/// About what the start of a container takes at best.
const PAUSE: Duration = Duration::from_millis(250);
/// After lives that were shorter than this, the pause doubles up to `LONGEST_PAUSE`.
const HEALTHY: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a replica may take to go when it is asked to.
const PATIENCE: Duration = Duration::from_secs(3);

/// One replica's process, kept running. Dropping it kills the process.
pub struct ReplicaProcess {
    pid: watch::Receiver<Option<u32>>,
    stop: watch::Sender<bool>,
    held: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl ReplicaProcess {
    /// Starts the process and keeps it running. What happens goes to `tell`; log lines that nobody
    /// takes in time are dropped, for they must not hold up a replica.
    ///
    /// # Errors
    /// When the process cannot be started at all.
    pub fn start(plan: &ReplicaPlan, tell: mpsc::Sender<ProcessEvent>) -> io::Result<Self> {
        let (set_pid, pid) = watch::channel(None);
        let (stop, stopped) = watch::channel(false);
        let (held, holding) = watch::channel(false);
        let mut run = Run { plan: plan.clone(), tell, pid: set_pid, stopped, holding };
        let first = run.spawn()?;
        Ok(ReplicaProcess {
            pid,
            stop,
            held,
            task: tokio::spawn(async move { run.keep(first).await }),
        })
    }

    /// The process, while there is one.
    pub fn pid(&self) -> Option<u32> {
        *self.pid.borrow()
    }

    /// The process from now on, `None` whenever there is none.
    pub fn watch(&self) -> watch::Receiver<Option<u32>> {
        self.pid.clone()
    }

    /// Whether a process that is gone stays gone for now.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Ends the process: asks, then insists.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // The task's only other way to end is a panic, and then there is no process either.
        let _ = self.task.await;
    }
}

struct Run {
    plan: ReplicaPlan,
    tell: mpsc::Sender<ProcessEvent>,
    pid: watch::Sender<Option<u32>>,
    stopped: watch::Receiver<bool>,
    holding: watch::Receiver<bool>,
}

impl Run {
    async fn keep(&mut self, first: Child) {
        let mut child = first;
        let mut pause = PAUSE;
        loop {
            let born = Instant::now();
            let Some(how) = self.attend(&mut child).await else { return };
            pause = match born.elapsed() >= HEALTHY {
                true => PAUSE,
                false => (pause * 2).min(LONGEST_PAUSE),
            };
            self.ended(how, pause).await;
            child = loop {
                if self.sleep(pause).await.is_none() || self.held().await.is_none() {
                    return;
                }
                match self.spawn() {
                    Ok(child) => break child,
                    Err(error) => {
                        pause = LONGEST_PAUSE;
                        self.ended(error.to_string(), pause).await;
                    }
                }
            };
        }
    }

    fn spawn(&self) -> io::Result<Child> {
        let mut command = match self.plan.program.split_first() {
            None => Command::new(std::env::current_exe()?),
            Some((program, words)) => {
                let mut command = Command::new(program);
                command.args(words);
                command
            }
        };
        let mut child = command
            .args(&self.plan.arguments)
            .envs(self.plan.environment.iter().map(|(name, value)| (name, value)))
            // Never written to: it closes with this process, however that ends, and the replica goes.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            // Ctrl-C is for this command, which ends its replicas in its own way.
            .process_group(0)
            .spawn()?;
        if let Some(log) = child.stderr.take() {
            tokio::spawn(forward(log, self.plan.name, self.tell.clone()));
        }
        if let Some(pid) = child.id() {
            self.pid.send_replace(Some(pid));
            // Told late is told as well: a full queue is drained by whoever prints.
            let (tell, name) = (self.tell.clone(), self.plan.name);
            tokio::spawn(async move { tell.send(ProcessEvent::Started { name, pid }).await });
        }
        Ok(child)
    }

    /// Waits for the process to end by itself, and says how. `None`: it was asked to.
    async fn attend(&mut self, child: &mut Child) -> Option<String> {
        // `wait` would close it.
        let _stdin = child.stdin.take();
        let ended = tokio::select! {
            ended = child.wait() => Some(ended),
            _ = self.stopped.wait_for(|stop| *stop) => None,
        };
        match ended {
            Some(Ok(status)) => Some(status.to_string()),
            Some(Err(error)) => Some(error.to_string()),
            None => {
                terminate(child).await;
                None
            }
        }
    }

    async fn ended(&self, how: String, again_in: Duration) {
        let pid = self.pid.send_replace(None).unwrap_or_default();
        let name = self.plan.name;
        // Without a listener nobody wants to know.
        let _ = self.tell.send(ProcessEvent::Ended { name, pid, how, again_in }).await;
    }

    /// Waits while the replica is held; `None` when it is time to stop.
    async fn held(&mut self) -> Option<()> {
        tokio::select! {
            released = self.holding.wait_for(|held| !held) => released.ok().map(|_| ()),
            _ = self.stopped.wait_for(|stop| *stop) => None,
        }
    }

    /// `None` when it is time to stop.
    async fn sleep(&mut self, pause: Duration) -> Option<()> {
        let stop = self.stopped.wait_for(|stop| *stop);
        tokio::time::timeout(pause, stop).await.is_err().then_some(())
    }
}

async fn terminate(child: &mut Child) {
    if let Some(pid) = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())) {
        // It may be gone already.
        let _ = kill_process(pid, Signal::TERM);
    }
    if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

async fn forward(
    log: impl AsyncRead + Unpin,
    name: &'static str,
    tell: mpsc::Sender<ProcessEvent>,
) {
    let mut lines = BufReader::new(log).lines();
    while let Ok(Some(text)) = lines.next_line().await {
        let _ = tell.try_send(ProcessEvent::Line { name, text });
    }
}
