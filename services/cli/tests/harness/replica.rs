//! One replica's process.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{binary, ports, wait};

/// What becomes of the lines that a replica logs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Log {
    /// They are in a file.
    Kept,
    /// They go to a disk that is full.
    Full,
    /// Whoever read them has gone.
    Gone,
    /// Whoever should read them does not.
    Stalled,
    /// They are with the data on a small disk of the replica's own, which is gone with the process.
    WithTheData,
}

/// Mounts that disk for one process, and for nobody else.
const ON_ITS_DISK: &str =
    "mount -t tmpfs -o size=$0 tmpfs \"$1\"; exec 2>>\"$1/log\"; shift; exec \"$@\"";

/// Joins a control group first.
const IN_ITS_GROUP: &str = "echo $$ > \"$0\"; exec \"$@\"";
/// Takes few descriptors first.
const WITH_DESCRIPTORS: &str = "ulimit -n \"$0\"; exec \"$@\"";

/// A command in a namespace of its own, in which it may mount.
pub fn in_own_namespace() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount"]);
    command
}

/// One replica: its place, and its process while it runs.
pub struct Replica {
    pub name: String,
    pub data: PathBuf,
    pub log: PathBuf,
    pub clients: String,
    pub peers: String,
    pub ops: String,
    /// Who it is at an API server.
    pub kubeconfig: Option<PathBuf>,
    pub to: Log,
    /// Bytes of a disk that it has to itself, if it has one.
    pub disk: u64,
    /// The control group that its process runs in.
    pub group: Option<PathBuf>,
    /// How many files and sockets it may have open, if that is not for the system to say.
    pub descriptors: Option<u32>,
    process: Option<Child>,
}

impl Replica {
    pub fn new(dir: &Path, name: &str) -> Self {
        Replica {
            name: name.into(),
            data: dir.join(name),
            log: dir.join(format!("{name}.log")),
            clients: ports::free(),
            peers: ports::free(),
            ops: ports::free(),
            kubeconfig: None,
            to: Log::Kept,
            disk: 0,
            group: None,
            descriptors: None,
            process: None,
        }
    }

    /// Starts the process.
    pub fn start(&mut self, register: &str, peers: &str, extra: &[String]) {
        assert!(self.process.is_none(), "{} runs already", self.name);
        let log = OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        let mut command = match self.to {
            Log::WithTheData => self.on_its_disk(),
            _ => self.within_its_limits(),
        };
        command.env_clear().args(["serve", "--until-stdin-closes"]);
        for (flag, value) in [
            ("--name", self.name.as_str()),
            ("--data", self.data.to_str().unwrap()),
            ("--register", register),
            ("--peers", peers),
            ("--listen-clients", &self.clients),
            ("--listen-peers", &self.peers),
            ("--listen-ops", &self.ops),
        ] {
            command.args([flag, value]);
        }
        if let Some(kubeconfig) = &self.kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        // The pipe closes with this test, however it ends, and the replica goes.
        command.args(extra).stdin(Stdio::piped()).stdout(Stdio::null());
        command.stderr(match self.to {
            Log::Kept | Log::WithTheData => log.into(),
            Log::Full => OpenOptions::new().write(true).open("/dev/full").unwrap().into(),
            Log::Gone | Log::Stalled => Stdio::piped(),
        });
        let mut process = command.spawn().unwrap();
        if self.to == Log::Gone {
            process.stderr = None;
        }
        self.process = Some(process);
    }

    /// The program on a disk of its own, at the data directory's place.
    fn on_its_disk(&mut self) -> Command {
        let disk = self.disk();
        std::fs::create_dir_all(&disk).unwrap();
        self.data = disk.join("data");
        let mut command = in_own_namespace();
        command.args(["sh", "-ec", ON_ITS_DISK]).arg(self.disk.to_string()).arg(disk).arg(binary());
        command
    }

    /// The program in the control group, or with the descriptors, if there are such.
    fn within_its_limits(&self) -> Command {
        let (script, limit) = match (&self.group, self.descriptors) {
            (Some(group), _) => (IN_ITS_GROUP, group.join("cgroup.procs").into_os_string()),
            (None, Some(count)) => (WITH_DESCRIPTORS, count.to_string().into()),
            (None, None) => return Command::new(binary()),
        };
        let mut command = Command::new("/bin/sh");
        command.args(["-ec", script]).arg(limit).arg(binary());
        command
    }

    fn disk(&self) -> PathBuf {
        self.log.with_extension("disk")
    }

    /// A file on its disk, as its process sees it.
    pub fn on_disk(&self, file: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.pid()));
        root.join(self.disk().strip_prefix("/").unwrap()).join(file)
    }

    /// Its process, which must run.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid().cast_signed()).unwrap(), signal).unwrap();
    }

    /// Kills the process with -9 and waits for its end.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Waits for the process to end by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let process = self.process.as_mut().expect("it runs");
        let what = format!("{} ends", self.name);
        // `try_wait` must be polled from one place only.
        let began = std::time::Instant::now();
        loop {
            if let Some(status) = process.try_wait().unwrap() {
                self.process = None;
                return status;
            }
            assert!(began.elapsed() < wait::BOUND, "waited in vain until {what}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// What the process has logged.
    pub fn logged(&self) -> String {
        let log = match self.to {
            Log::WithTheData if self.process.is_some() => self.on_disk("log"),
            _ => self.log.clone(),
        };
        std::fs::read_to_string(log).unwrap_or_default()
    }

    /// Bytes of memory that the process has in use.
    pub fn resident(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most that it has had in use.
    pub fn most_resident(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            // Shown with the failed test.
            println!("--- {} said:\n{}", self.name, self.logged());
        }
    }
}
