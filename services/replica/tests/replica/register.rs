//! What a replica does with a register that it must not act upon.

use std::path::PathBuf;
use std::time::Duration;

use understudy_arbiter::DirectoryRegister;
use understudy_proto::admin::v1::Role;
use understudy_proto::kv::v1::ReadConsistency;

use crate::common::{Cluster, get, key_values, put, reason, until};

/// The register's files, by epoch.
fn files(cluster: &Cluster) -> Vec<PathBuf> {
    let mut files: Vec<(u64, PathBuf)> = std::fs::read_dir(cluster.register())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_prefix("register.")?.parse().ok()?;
            Some((name, path))
        })
        .collect();
    files.sort();
    files.into_iter().map(|(_, path)| path).collect()
}

/// Kills both and waits until the register stands still: the one that saw the other die may have had a write
/// under way, which lands without it.
async fn kill_both(cluster: &mut Cluster) {
    (0..2).for_each(|replica| cluster.kill(replica));
    let mut before = Vec::new();
    until("the register stands still", async || {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = files(cluster);
        std::mem::replace(&mut before, now.clone()) == now
    })
    .await;
}

async fn check_halted(cluster: &Cluster, replica: usize, why: &str) {
    cluster.until_role(replica, Role::Halted).await;
    let status = cluster.status(replica).await.unwrap();
    assert!(status.reason.contains(why), "{}", status.reason);
    let mut client = key_values(&cluster.clients(replica)).await.unwrap();
    let refused = client.get(get("k")).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable);
    assert_eq!(reason(&refused).0, "NOT_PRIMARY");
    assert!(refused.message().contains(why), "{}", refused.message());
    // The connection of a client that was turned away is closed.
    let mut client = key_values(&cluster.clients(replica)).await.unwrap();
    let refused = client.put(put("k", "w")).await.unwrap_err();
    assert!(refused.message().contains(why), "{}", refused.message());
    until("the probes know", async || {
        let (code, body) = cluster.http(replica, "/healthz").await;
        code.contains("503") && body.contains(why)
    })
    .await;
    // A restart would not help.
    assert!(cluster.http(replica, "/livez").await.0.contains("200"));
    assert!(cluster.http(replica, "/readyz").await.0.contains("503"));
}

#[tokio::test]
async fn a_blank_register_halts_whoever_has_history() {
    let mut cluster = Cluster::born(2).await;
    cluster.client().await.put(put("k", "v")).await.unwrap();
    kill_both(&mut cluster).await;
    std::fs::remove_dir_all(cluster.register()).unwrap();
    DirectoryRegister::create(cluster.register()).unwrap();
    cluster.start_all();
    for replica in 0..2 {
        check_halted(&cluster, replica, "register").await;
    }
}

#[tokio::test]
async fn a_register_emptied_in_place_halts_whoever_has_history() {
    let mut cluster = Cluster::born(2).await;
    kill_both(&mut cluster).await;
    for file in &files(&cluster)[1..] {
        std::fs::remove_file(file).unwrap();
    }
    cluster.start_all();
    for replica in 0..2 {
        check_halted(&cluster, replica, "blank").await;
    }
}

#[tokio::test]
async fn a_halted_replica_refuses_a_stale_read_too() {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    cluster.client().await.put(put("k", "v")).await.unwrap();
    cluster.kill(0);
    for file in &files(&cluster)[1..] {
        std::fs::remove_file(file).unwrap();
    }
    cluster.start_all();
    cluster.until_role(0, Role::Halted).await;
    let mut stale = get("k");
    stale.consistency = ReadConsistency::Stale.into();
    let mut client = key_values(&cluster.clients(0)).await.unwrap();
    let refused = client.get(stale).await.unwrap_err();
    assert_eq!(reason(&refused).0, "NOT_PRIMARY");
    assert!(refused.message().contains("halted"), "{}", refused.message());
}

#[tokio::test]
async fn a_register_that_is_lower_than_seen_halts_an_acting_primary_too() {
    let mut cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    cluster.kill(primary);
    cluster.until_role(1 - primary, Role::Primary).await;
    cluster.start(primary);
    cluster.paired().await;
    let highest = files(&cluster).pop().unwrap();
    std::fs::remove_file(highest).unwrap();
    check_halted(&cluster, 1 - primary, "restored").await;
}

#[tokio::test]
async fn a_damaged_register_is_waited_for() {
    let mut cluster = Cluster::born(2).await;
    cluster.client().await.put(put("k", "v")).await.unwrap();
    kill_both(&mut cluster).await;
    let highest = files(&cluster).pop().unwrap();
    let content = std::fs::read(&highest).unwrap();
    std::fs::write(&highest, b"what is this").unwrap();
    cluster.start_all();
    until("it says why it waits", async || {
        cluster.status(0).await.is_some_and(|status| status.reason.contains("damaged"))
    })
    .await;
    std::fs::write(&highest, content).unwrap();
    let got = cluster.client().await.get(get("k")).await.unwrap().into_inner();
    assert_eq!(&got.kv.unwrap().value[..], b"v");
}

#[tokio::test]
async fn a_register_out_of_reach_stops_no_acting_primary_and_a_failover_waits_for_it() {
    let mut cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    let mut client = cluster.client().await;
    let away = cluster.dir.path().join("away");
    std::fs::rename(cluster.register(), &away).unwrap();
    client.put(put("k", "v")).await.unwrap();
    cluster.kill(primary);
    until("the survivor says what it waits for", async || {
        let status = cluster.status(1 - primary).await.unwrap();
        assert_ne!(status.role(), Role::Primary);
        status.reason.contains("register")
    })
    .await;
    std::fs::rename(&away, cluster.register()).unwrap();
    cluster.until_role(1 - primary, Role::Primary).await;
    let got = cluster.client().await.get(get("k")).await.unwrap().into_inner();
    assert_eq!(&got.kv.unwrap().value[..], b"v");
}
