//! The cluster, as its scripts in `deploy/dev-cluster` give it: kubectl, helm, workers, control plane.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tokio::process::Command;

/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(180);

/// The cluster, and the namespace in which everything happens.
#[derive(Clone, Debug)]
pub struct Cluster {
    scripts: PathBuf,
    /// The namespace.
    pub namespace: String,
}

impl Cluster {
    /// The cluster of the scripts in this directory.
    pub fn new(scripts: &Path, namespace: &str) -> Self {
        Cluster { scripts: scripts.to_owned(), namespace: namespace.to_owned() }
    }

    /// kubectl in the namespace; gives what it prints.
    ///
    /// # Errors
    /// When it fails, with the last line of its errors.
    pub async fn kubectl(&self, args: &[&str]) -> Result<String> {
        self.script("k", &[&["-n", &self.namespace], args].concat()).await
    }

    /// An object, or a list of some.
    ///
    /// # Errors
    /// As for [`Cluster::kubectl`]; or what is printed is no JSON.
    pub async fn get(&self, args: &[&str]) -> Result<Value> {
        let text = self.kubectl(&[&["get", "-o", "json"], args].concat()).await?;
        serde_json::from_str(&text).context("kubectl get")
    }

    /// helm in the namespace.
    ///
    /// # Errors
    /// As for [`Cluster::kubectl`].
    pub async fn helm(&self, args: &[&str]) -> Result<String> {
        self.script("k", &[&["helm", "-n", &self.namespace], args].concat()).await
    }

    /// Does something to a worker: `node kill n1`.
    ///
    /// # Errors
    /// As for [`Cluster::kubectl`].
    pub async fn node(&self, args: &[&str]) -> Result<String> {
        self.script("node", args).await
    }

    /// Does something to the control plane: `control-plane stop apiserver`.
    ///
    /// # Errors
    /// As for [`Cluster::kubectl`].
    pub async fn control_plane(&self, args: &[&str]) -> Result<String> {
        self.script("control-plane", args).await
    }

    /// Runs one of the scripts.
    ///
    /// # Errors
    /// When it fails, with the last line of its errors, or takes longer than three minutes.
    pub async fn script(&self, name: &str, args: &[&str]) -> Result<String> {
        let mut command = Command::new(self.scripts.join(name));
        // In a group of its own: Ctrl-C is ours to answer, and whatever it starts can be ended.
        command.args(args).stdin(Stdio::null()).process_group(0).kill_on_drop(true);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().with_context(|| format!("deploy/dev-cluster/{name}"))?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let Ok(output) = tokio::time::timeout(LIMIT, child.wait_with_output()).await else {
            if let Some(group) = group {
                // It may have ended just now.
                let _ = kill_process_group(group, Signal::KILL);
            }
            bail!("{name} {}: still runs after {LIMIT:?}", args.join(" "));
        };
        said(&format!("{name} {}", args.join(" ")), output?)
    }
}

fn said(what: &str, output: Output) -> Result<String> {
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let last = errors.lines().rev().find(|line| !line.trim().is_empty());
        bail!("{what}: {}: {}", output.status, last.unwrap_or("no message"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
