//! Data and log of a replica share a disk, and that is full.

use std::fs::File;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use understudy_load::Load;
use understudy_proto::admin::v1::Role;

use crate::harness::cluster::{Cluster, progress};
use crate::harness::command::{succeed, understudy};
use crate::harness::judge::flawless;
use crate::harness::replica::{Log, in_own_namespace};
use crate::harness::wait;
use crate::logs::metric;

/// Whether this system lets a test mount a disk of its own; else says so.
fn can_mount() -> bool {
    let mut command = in_own_namespace();
    command.args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
    let may = command.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !may {
        println!("SKIPPED: mounting in a namespace of one's own is not allowed here");
    }
    may
}

/// A pair, each with its data and its log on one small disk.
async fn pair(options: &[&str]) -> (Cluster, usize, usize) {
    pair_on(48 << 20, options).await
}

/// The same on disks of this size, bytes.
async fn pair_on(disk: u64, options: &[&str]) -> (Cluster, usize, usize) {
    let mut cluster = Cluster::new(2).await;
    cluster.extra = options.iter().copied().map(Into::into).collect();
    cluster.replicas.iter_mut().for_each(|replica| {
        replica.to = Log::WithTheData;
        replica.disk = disk;
    });
    cluster.start_all();
    let primary = cluster.complete().await;
    (cluster, primary, 1 - primary)
}

/// The same under load, with the processes that it began with.
async fn loaded_pair() -> (Cluster, usize, usize, Load, Vec<u32>) {
    let (cluster, primary, backup) = pair(&[]).await;
    let pids = cluster.pids();
    let load = cluster.load(4);
    progress(&load, 100).await;
    (cluster, primary, backup, load, pids)
}

/// Takes all the room there is.
fn fill(cluster: &Cluster, number: usize) {
    let filler = cluster.replicas[number].on_disk("filler");
    let mut file = File::options().create(true).append(true).open(filler).unwrap();
    let block = [0; 4096];
    while file.write_all(&block).is_ok() {}
}

fn make_room(cluster: &Cluster, number: usize) {
    std::fs::remove_file(cluster.replicas[number].on_disk("filler")).unwrap();
}

#[tokio::test]
async fn a_backup_with_a_full_disk_tries_again_and_says_so_seldom_and_comes_back() {
    if !can_mount() {
        return;
    }
    let (cluster, primary, backup, load, pids) = loaded_pair().await;
    fill(&cluster, backup);
    cluster.until(primary, "goes on alone", |s| s.members.len() == 1).await;
    progress(&load, 200).await;
    let lines = || [0, 1].map(|number| cluster.replicas[number].logged().lines().count());
    let before = lines();
    let left_out = || [0, 1].map(|n| metric(&cluster, n, "understudy_log_lines_left_out"));
    let left_out_before = left_out();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let after = lines();
    for number in [primary, backup] {
        let more = after[number] - before[number];
        assert!(more <= 30, "{more} lines in 3 s: {}", cluster.replicas[number].logged());
    }
    assert_eq!(left_out(), left_out_before, "nor would it have said more");
    make_room(&cluster, backup);
    assert_eq!(cluster.complete().await, primary);
    assert_eq!(pids, cluster.pids(), "nobody was restarted");
    flawless(&load.finish().await);
}

#[tokio::test]
async fn full_disks_under_data_and_log_end_nobody() {
    if !can_mount() {
        return;
    }
    // Enough lines to fill what is left of the log's last block.
    let (cluster, primary, backup) = pair(&["--log=debug"]).await;
    let pids = cluster.pids();
    let endpoints = cluster.endpoints().addresses().join(",");
    let put = |value: &str| understudy(&["put", "--endpoints", &endpoints, "k", value]);
    assert_eq!(put("before").code, Some(0));
    fill(&cluster, primary);
    fill(&cluster, backup);
    wait::until("writes are refused", || async {
        put(&"v".repeat(100_000)).err.contains("disk is full").then_some(())
    })
    .await;
    assert_eq!(succeed(&["del", "--endpoints", &endpoints, "k"]).trim_end(), "deleted");
    assert_eq!(cluster.complete().await, primary, "a full backup is no worse here");
    // What was kept for this is gone, too.
    fill(&cluster, primary);
    fill(&cluster, backup);
    wait::until("lines are lost", || async {
        succeed(&["list", "--endpoints", &endpoints]);
        let lost = |number| metric(&cluster, number, "understudy_log_lines_lost") > 0;
        (lost(primary) && lost(backup)).then_some(())
    })
    .await;
    assert_eq!(pids, cluster.pids(), "nobody was restarted");
    make_room(&cluster, primary);
    make_room(&cluster, backup);
    wait::until("writes go on", || async { (put("after").code == Some(0)).then_some(()) }).await;
    cluster.complete().await;
    assert_eq!(succeed(&["get", "--endpoints", &endpoints, "k"]).trim_end(), "after");
    for number in [primary, backup] {
        let said = cluster.replicas[number].logged();
        assert!(said.contains("lines of this log were not written"), "{said}");
    }
    assert_eq!(pids, cluster.pids(), "nobody was restarted");
}

#[tokio::test]
async fn a_primary_whose_disk_is_full_hands_over_and_writes_go_on() {
    if !can_mount() {
        return;
    }
    let (cluster, primary, backup, load, pids) = loaded_pair().await;
    fill(&cluster, primary);
    cluster.until(backup, "leads", |status| status.role() == Role::Primary).await;
    progress(&load, 200).await;
    let left = cluster.until(primary, "says why", |s| s.reason.contains("disk is full")).await;
    assert_ne!(left.role(), Role::Backup, "nothing waits for its disk");
    let order = ["handover", "--endpoints", &cluster.endpoints().addresses().join(",")];
    assert!(understudy(&order).err.contains("room on its disk"));
    make_room(&cluster, primary);
    assert_eq!(cluster.complete().await, backup);
    assert_eq!(pids, cluster.pids(), "nobody was restarted");
    flawless(&load.finish().await);
}

#[tokio::test]
async fn a_disk_of_500_mb_takes_5000_overwrites_of_1_mib() {
    if !can_mount() {
        return;
    }
    let (cluster, primary, _) = pair_on(500_000_000, &[]).await;
    let pids = cluster.pids();
    let client = cluster.client();
    let write = async |writer: u32| {
        for number in 0..1_250_u32 {
            client.put("k", vec![(number + writer) as u8; 1 << 20]).await.unwrap();
        }
    };
    tokio::join!(write(0), write(1), write(2), write(3));
    assert_eq!(cluster.complete().await, primary, "nobody handed over");
    assert_eq!(pids, cluster.pids(), "nobody was restarted");
}

#[tokio::test]
async fn a_key_that_is_overwritten_for_ever_fills_no_disk() {
    if !can_mount() {
        return;
    }
    let segments = ["--segment-bytes=1048576", "--disk-reserve=2097152"];
    let kept = ["--snapshot-bytes=4194304", "--retain-bytes=4194304"];
    let (cluster, ..) = pair(&[segments, kept].concat()).await;
    let endpoints = cluster.endpoints().addresses().join(",");
    // Old values are kept, too, as far as these bounds go.
    let bounds = ["--max-history-bytes=2MiB", "--min-history=0s"];
    succeed(&[&["quota", "--endpoints", &endpoints][..], &bounds[..]].concat());
    let client = cluster.client();
    for number in 0..400_u32 {
        let value = vec![number as u8; 512 << 10];
        client.put("k", value).await.unwrap();
    }
    cluster.complete().await;
    let first = cluster.status(0).await.unwrap().positions.unwrap().first;
    assert!(first > 300, "the log begins at {first}");
}
