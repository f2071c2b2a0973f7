//! Data directories that are not what they should be.

use std::path::Path;
use std::time::Duration;

use understudy_proto::admin::v1::Role;
use understudy_wal::{self as wal, RealDisk, Store};

use crate::common::{Cluster, Running, get, put, until};
use understudy_replica::Options;

/// Starts a replica that must not begin its life; gives why.
fn refused(cluster: &Cluster, replica: usize) -> String {
    let running = Running::start(Options::load(cluster.args[replica].clone()).unwrap());
    let ended = running.ended.clone();
    running.join();
    let ended = ended.lock().unwrap();
    let why = ended[0].clone().unwrap_err();
    assert!(!why.contains('\n'), "one line: {why}");
    why
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[tokio::test]
async fn a_directory_in_use_is_not_opened() {
    let mut cluster = Cluster::born(2).await;
    cluster.kill(1);
    cluster.args[1].data = cluster.args[0].data.clone();
    cluster.args[1].data_wait_ms = Some(100);
    let why = refused(&cluster, 1);
    assert!(why.contains("in use"), "{why}");
}

#[tokio::test]
async fn a_replica_waits_until_the_process_before_it_has_let_go_of_its_directory() {
    let mut cluster = Cluster::born(2).await;
    let backup = 1 - cluster.primary().await;
    cluster.kill(backup);
    let (held, _) = Store::open(RealDisk::new(cluster.data(backup)), wal::Options::new(1)).unwrap();
    cluster.args[backup].data_wait_ms = Some(60_000);
    cluster.start(backup);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let ended = cluster.replicas[backup].as_ref().unwrap().ended.lock().unwrap().len();
    assert_eq!(ended, 0, "it has not given up");
    drop(held);
    cluster.until_role(backup, Role::Backup).await;
}

#[tokio::test]
async fn a_copied_directory_is_not_opened() {
    let mut cluster = Cluster::born(2).await;
    cluster.kill(0);
    let moved = cluster.dir.path().join("moved");
    std::fs::rename(cluster.data(0), &moved).unwrap();
    copy(&moved, &cluster.data(0));
    let why = refused(&cluster, 0);
    assert!(why.contains("copied") && why.contains("understudy recover"), "{why}");
}

#[tokio::test]
async fn a_directory_of_another_cluster_halts_and_names_both() {
    let mut cluster = Cluster::born(2).await;
    let mut other = Cluster::born(2).await;
    for replica in 0..2 {
        cluster.kill(replica);
    }
    other.kill(1);
    other.args[1].data = cluster.args[1].data.clone();
    other.start(1);
    other.until_role(1, Role::Halted).await;
    let reason = other.status(1).await.unwrap().reason;
    assert!(reason.contains("cluster") || reason.contains("another object"), "{reason}");
}

#[tokio::test]
async fn a_damaged_directory_is_set_aside_and_the_replica_joins_anew() {
    let mut cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    let backup = 1 - primary;
    for n in 0..20 {
        cluster.client().await.put(put(&format!("k{n}"), "v")).await.unwrap();
    }
    let before = cluster.status(backup).await.unwrap().replica.unwrap().incarnation;
    cluster.kill(backup);
    let segment = std::fs::read_dir(cluster.data(backup))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("segment"))
        .unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    // A bad record before good ones is damage, a torn tail would not be.
    let middle = bytes.windows(4).position(|window| window == b"k3\x12\x01").unwrap();
    bytes[middle] ^= 0xff;
    std::fs::write(&segment, bytes).unwrap();

    cluster.start(backup);
    cluster.client().await.put(put("more", "v")).await.unwrap();
    until("it is a member again, as another copy", async || {
        let (Some(here), Some(there)) =
            (cluster.status(primary).await, cluster.status(backup).await)
        else {
            return false;
        };
        let now = there.replica.unwrap().incarnation;
        now != before && here.members.iter().any(|member| member.incarnation == now)
    })
    .await;
    assert!(cluster.dir.path().join(format!("{}.set-aside-1", ["a", "b"][backup])).is_dir());
    cluster.kill(primary);
    let got = cluster.client().await.get(get("k7")).await.unwrap().into_inner();
    assert_eq!(&got.kv.unwrap().value[..], b"v");
}

#[tokio::test]
async fn a_learner_far_behind_is_fed_from_a_snapshot() {
    let mut cluster = Cluster::new(2);
    for args in &mut cluster.args {
        args.snapshot_bytes = Some(16 << 10);
        args.retain_entries = Some(0);
        args.segment_bytes = Some(64 << 10);
    }
    cluster.start_all();
    let primary = cluster.paired().await;
    cluster.kill(1 - primary);
    std::fs::remove_dir_all(cluster.data(1 - primary)).unwrap();
    let mut client = cluster.client().await;
    let value = "v".repeat(1000);
    for n in 0..400 {
        client.put(put(&format!("k{n}"), &value)).await.unwrap();
    }
    until("the log before a snapshot has been cut", async || {
        let positions = cluster.status(primary).await.unwrap().positions.unwrap();
        positions.snapshot > 100 && positions.first > 1
    })
    .await;
    cluster.start(1 - primary);
    assert_eq!(cluster.paired().await, primary);
    client.put(put("last", "v")).await.unwrap();
    cluster.kill(primary);
    let mut client = cluster.client().await;
    for key in ["k0", "k399", "last"] {
        let got = client.get(get(key)).await.unwrap().into_inner();
        assert!(got.kv.is_some(), "{key}");
    }
    // What was installed is what a next life begins with.
    cluster.kill(1 - primary);
    cluster.start(1 - primary);
    let got = cluster.client().await.get(get("k200")).await.unwrap().into_inner();
    assert_eq!(got.kv.unwrap().value.len(), 1000);
}
