//! What several of these tests do.

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::Cluster;
use crate::harness::command::{succeed, verified};

/// Puts one key and stops the whole cluster with -9. Gives the cluster's id.
pub async fn history(cluster: &mut Cluster) -> String {
    cluster.client().put("k", "v").await.unwrap();
    stop(cluster);
    let report = verified(&cluster.replicas[0].data);
    report["cluster"].as_str().unwrap().to_owned()
}

/// Ends all at one moment: none sees another die, and takes over.
pub fn stop(cluster: &mut Cluster) {
    let all = 0..cluster.replicas.len();
    all.clone().for_each(|number| cluster.signal(number, Signal::STOP));
    all.for_each(|number| cluster.kill(number));
}

/// Starts the replica, which must end by itself with this on its last line.
pub async fn refused(cluster: &mut Cluster, number: usize, says: &str) {
    cluster.start(number);
    let status = cluster.replicas[number].ended().await;
    assert_eq!(status.code(), Some(1));
    let log = cluster.replicas[number].logged();
    assert!(log.lines().last().unwrap().contains(says), "{says:?} in {log}");
}

pub async fn halted(cluster: &Cluster, number: usize, says: &str) {
    let status = cluster.until(number, "halts", |s| s.role() == Role::Halted).await;
    assert!(status.reason.contains(says), "{says:?} in {:?}", status.reason);
}

pub async fn value(cluster: &Cluster, key: &str) -> String {
    let kv = cluster.client().get(key.to_owned()).await.unwrap().kv.unwrap();
    String::from_utf8(kv.value.to_vec()).unwrap()
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn uri(register: &Path) -> String {
    format!("dir:{}", register.display())
}

/// The register's file with the highest epoch.
pub fn newest(register: &Path) -> (u64, PathBuf) {
    let files = std::fs::read_dir(register).unwrap().map(|entry| entry.unwrap().path());
    let epoch =
        |path: &PathBuf| path.file_name()?.to_str()?.strip_prefix("register.")?.parse::<u64>().ok();
    files.filter_map(|path| Some((epoch(&path)?, path))).max().unwrap()
}

/// Leaves a stopped replica's directory as a second digest mismatch does.
pub fn mark_halted(data: &Path) {
    let disk = understudy_wal::RealDisk::new(data);
    let opened = understudy_wal::Store::open(disk, understudy_wal::Options::new(0)).unwrap();
    let (mut store, recovered) = opened;
    let halted = Some("the digest differs".to_owned());
    let state = understudy_protocol::HardState { halted, ..recovered.state };
    store.save_state(&state).unwrap();
}

/// Gives a stopped replica an order to recover, which must succeed.
pub fn order(cluster: &Cluster, order: &str, number: usize, id: &str) {
    let data = text(&cluster.replicas[number].data);
    let register = uri(&cluster.register);
    succeed(&["recover", order, "--data", data, "--register", &register, "--yes", id]);
}
