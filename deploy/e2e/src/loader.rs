//! The pod in which the clients of a round run.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use crate::clock;
use crate::cluster::Cluster;
use crate::load::{DONE, STOP};
use crate::pair::RELEASE;

const POD: &str = "load";
/// Longer than a client's deadline.
const PATIENCE: Duration = Duration::from_secs(90);
const BEAT: Duration = Duration::from_millis(100);

/// The pod in which the clients of a round run. Its files are in the round's directory: the workers
/// of the cluster see this machine's file system.
pub struct Loader {
    cluster: Cluster,
    dir: PathBuf,
}

impl Loader {
    /// Starts it on worker `node`.
    ///
    /// # Errors
    /// When the API server does not take it.
    pub async fn start(cluster: &Cluster, node: &str, rate: u32, dir: &Path) -> Result<Self> {
        // Of a run that was not finished.
        remove(cluster).await?;
        // Whichever user the pod runs as may write there.
        fs::set_permissions(dir, Permissions::from_mode(0o777))?;
        let dir = dir.canonicalize()?;
        let namespace = &cluster.namespace;
        let replica =
            |number: u32| format!("{RELEASE}-{number}.{RELEASE}-replicas.{namespace}.svc:7440");
        let replicas = [replica(0), replica(1)].join(",");
        let manifest = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": POD},
            "spec": {
                "nodeName": node,
                "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 0,
                "enableServiceLinks": false,
                "automountServiceAccountToken": false,
                "containers": [{
                    "name": POD,
                    "image": "understudy-e2e:dev",
                    "imagePullPolicy": "Never",
                    "args": [
                        "load", "--dir", "/out",
                        "--replicas", replicas,
                        "--service", format!("{RELEASE}.{namespace}.svc:7440"),
                        // Another round must not find its keys.
                        "--prefix", format!("{}/", clock::now()),
                        "--rate", rate.to_string(),
                    ],
                    "volumeMounts": [{"name": "out", "mountPath": "/out"}],
                }],
                "volumes": [{"name": "out", "hostPath": {"path": dir}}],
            },
        });
        let file = dir.join("load.json");
        fs::write(&file, manifest.to_string())?;
        let file = file.to_str().context("the directory's path is no UTF-8")?;
        cluster.kubectl(&["create", "-f", file]).await.context("the load's pod")?;
        Ok(Loader { cluster: cluster.clone(), dir })
    }

    /// Tells the clients to stop.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn stop(&self) -> Result<()> {
        Ok(fs::write(self.dir.join(STOP), "")?)
    }

    /// Waits until the history is complete, and removes the pod.
    ///
    /// # Errors
    /// When it is not complete in time.
    pub async fn end(&self) -> Result<()> {
        self.stop()?;
        let done = self.dir.join(DONE);
        let began = clock::now();
        while !done.exists() {
            if clock::now() - began > PATIENCE.as_nanos() as u64 {
                let said = self.cluster.kubectl(&["logs", POD, "--tail=1"]).await;
                remove(&self.cluster).await?;
                bail!("the load has not ended within {PATIENCE:?}: {}", said.unwrap_or_default());
            }
            tokio::time::sleep(BEAT).await;
        }
        remove(&self.cluster).await
    }
}

async fn remove(cluster: &Cluster) -> Result<()> {
    let how = ["--ignore-not-found", "--force", "--grace-period=0"];
    cluster.kubectl(&[&["delete", "pod", POD], &how[..]].concat()).await.map(drop)
}
