//! The register, or a disk, goes back in time, and somebody who cannot know goes on from there: both copies
//! stop when they meet, nothing is cut, and the one to keep is chosen by order.

use std::path::Path;
use std::time::Duration;

use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::Cluster;
use crate::harness::command::{copy, succeed, verified};
use crate::steps::{halted, order, stop, text, value};

async fn put(cluster: &Cluster, value: &str) {
    cluster.client().put("k", value.to_owned()).await.unwrap();
}

fn still_holds_the_second(cluster: &Cluster, number: usize) {
    let log = succeed(&["log", text(&cluster.replicas[number].data)]);
    assert!(log.contains(r#"put "k" = "second""#), "{log}");
}

/// The primary has served alone, and is stopped like its backup; the register is what it was before.
async fn register_went_back() -> (Cluster, usize, usize) {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    put(&cluster, "first").await;
    let saved = cluster.dir.path().join("saved");
    copy(&cluster.register, &saved);
    cluster.kill(backup);
    put(&cluster, "second").await;
    cluster.until(primary, "serves alone", |s| s.members.len() == 1).await;
    cluster.kill(primary);
    std::fs::remove_dir_all(&cluster.register).unwrap();
    std::fs::rename(&saved, &cluster.register).unwrap();
    (cluster, primary, backup)
}

/// The copy that was left behind goes on by itself, in its own way, and over a restart.
async fn goes_on(cluster: &mut Cluster, number: usize) {
    for value in ["another second", "another third"] {
        cluster.start(number);
        cluster.until(number, "serves alone", |s| s.role() == Role::Primary).await;
        put(cluster, value).await;
        cluster.kill(number);
    }
}

/// Both are started and stop, also the next time. Then the good copy is kept.
async fn both_stop_and_the_good_one_is_kept(mut cluster: Cluster, good: usize, other: usize) {
    cluster.start(other);
    cluster.until(other, "serves alone", |s| s.role() == Role::Primary).await;
    cluster.start(good);
    for _ in 0..2 {
        halted(&cluster, good, "contradict each other").await;
        halted(&cluster, other, "contradict each other").await;
        stop(&mut cluster);
        cluster.start_all();
    }
    stop(&mut cluster);
    still_holds_the_second(&cluster, good);

    let id = verified(&cluster.replicas[good].data)["cluster"].as_str().unwrap().to_owned();
    order(&cluster, "only-member", good, &id);
    order(&cluster, "set-aside", other, &id);
    cluster.start_all();
    assert_eq!(cluster.complete().await, good);
    assert_eq!(value(&cluster, "k").await, "second");
    let aside =
        succeed(&["log", text(&cluster.replicas[other].data.with_extension("set-aside-1"))]);
    assert!(aside.contains("another third"), "what the other one held can be read: {aside}");
}

#[tokio::test]
async fn of_a_register_that_went_back() {
    let (mut cluster, primary, backup) = register_went_back().await;
    goes_on(&mut cluster, backup).await;
    both_stop_and_the_good_one_is_kept(cluster, primary, backup).await;
}

/// Without that restart the register itself shows another record of the epoch that the good copy knows.
#[tokio::test]
async fn of_a_register_that_went_back_and_was_written_once() {
    let (mut cluster, primary, backup) = register_went_back().await;
    cluster.start(backup);
    cluster.until(backup, "serves alone", |s| s.members.len() == 1).await;
    put(&cluster, "another second").await;
    cluster.start(primary);
    halted(&cluster, primary, "another record of epoch").await;
    stop(&mut cluster);
    still_holds_the_second(&cluster, primary);
}

/// As a volume that is rolled back to a snapshot: the same files with what they held.
fn roll_back(data: &Path, saved: &Path) {
    for entry in std::fs::read_dir(data).unwrap() {
        let entry = entry.unwrap();
        if !saved.join(entry.file_name()).exists() {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    for entry in std::fs::read_dir(saved).unwrap() {
        let entry = entry.unwrap();
        std::fs::write(data.join(entry.file_name()), std::fs::read(entry.path()).unwrap()).unwrap();
    }
}

#[tokio::test]
async fn of_a_disk_that_went_back() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    put(&cluster, "first").await;
    cluster.kill(backup);
    let data = cluster.replicas[backup].data.clone();
    let saved = cluster.dir.path().join("saved");
    copy(&data, &saved);
    cluster.start(backup);
    assert_eq!(cluster.complete().await, primary);
    put(&cluster, "second").await;
    // Until both know on their disks that it is committed.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    stop(&mut cluster);
    roll_back(&data, &saved);
    goes_on(&mut cluster, backup).await;
    both_stop_and_the_good_one_is_kept(cluster, primary, backup).await;
}
