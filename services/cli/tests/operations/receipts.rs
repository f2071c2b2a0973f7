//! Acknowledgement by receipt, with real processes: what a crash makes of a copy, and what of the pair.

use std::path::Path;

use rustix::process::Signal;
use understudy_arbiter::{Arbiter, DirectoryRegister};
use understudy_client::proto::admin::v1::{Role, StatusResponse};
use understudy_protocol::{Nonce, WriteAnswer};

use crate::harness::cluster::{Cluster, progress};
use crate::harness::command::{succeed, verified};
use crate::harness::judge::flawless;
use crate::steps::{stop, text, uri, value};

const CLIENTS: u64 = 4;
const SOME: u64 = 100;

/// A pair in that mode; the primary's number and the backup's.
async fn pair() -> (Cluster, usize, usize) {
    let (cluster, primary, backup) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let told = succeed(&["mode", "--acknowledgement", "received", "--endpoints", &endpoints]);
    assert!(told.contains("acknowledgement  received"), "{told}");
    (cluster, primary, backup)
}

/// Which copy a replica is, and how many were set aside at its place.
async fn copy(cluster: &Cluster, number: usize) -> (Vec<u8>, usize) {
    let status = cluster.status(number).await.unwrap();
    let data = text(&cluster.replicas[number].data);
    let aside = (1..).take_while(|n| Path::new(&format!("{data}.set-aside-{n}")).exists());
    (status.replica.unwrap().incarnation.to_vec(), aside.count())
}

#[tokio::test]
async fn a_backup_that_crashes_comes_back_as_another_copy_and_takes_over_from_a_crashed_primary() {
    let (mut cluster, primary, backup) = pair().await;
    // Nothing waits for it meanwhile, so it is still named when it comes back.
    let first = copy(&cluster, backup).await;
    cluster.kill(backup);
    cluster.start(backup);
    let another =
        |s: &StatusResponse| s.named && s.replica.as_ref().unwrap().incarnation != first.0;
    cluster.until(backup, "is named as another copy", another).await;
    let second = copy(&cluster, backup).await;
    assert_eq!(second.1, 1, "the old one is set aside");
    let load = cluster.load(CLIENTS);
    progress(&load, SOME).await;

    // Asked to go, it has everything on disk.
    cluster.signal(backup, Signal::TERM);
    assert_eq!(cluster.replicas[backup].ended().await.code(), Some(0));
    cluster.start(backup);
    assert_eq!(cluster.complete().await, primary);
    assert_eq!(copy(&cluster, backup).await, second);
    progress(&load, SOME).await;

    let old = copy(&cluster, primary).await;
    cluster.kill(primary);
    cluster.until(backup, "takes over", |s| s.role() == Role::Primary).await;
    progress(&load, SOME).await;
    // Dropped before anything counted without it, it is what its disk says.
    cluster.start(primary);
    assert_eq!(cluster.complete().await, backup);
    assert_eq!(copy(&cluster, primary).await, old);
    progress(&load, SOME).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn a_pair_that_crashes_at_once_goes_on_with_what_the_primary_has_on_disk() {
    let (mut cluster, primary, _) = pair().await;
    let load = cluster.load(CLIENTS);
    progress(&load, SOME).await;
    stop(&mut cluster);
    cluster.start_all();
    assert_eq!(cluster.complete().await, primary);
    assert_eq!(copy(&cluster, primary).await.1, 0);
    progress(&load, SOME).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn a_copy_that_cannot_tell_what_it_has_forgotten_serves_by_order_only() {
    let (mut cluster, _, backup) = pair().await;
    cluster.client().put("k", "v").await.unwrap();
    let member = cluster.status(backup).await.unwrap().replica.unwrap();
    stop(&mut cluster);
    // As if its candidacy had landed after the crash.
    let register = DirectoryRegister::at(&cluster.register, understudy_arbiter::Options::default());
    let read = register.read().await.unwrap();
    let mut record = read.record.clone().unwrap();
    let named =
        record.members.iter().find(|m| m.incarnation.0.to_be_bytes()[..] == member.incarnation[..]);
    record.primary = named.unwrap().incarnation;
    (record.epoch, record.nonce) = (record.epoch + 1, Nonce(1));
    assert_eq!(register.write(&read, &record).await, WriteAnswer::Written);

    let waits = |reason: &str| reason.contains("crashed in received mode");
    cluster.start(backup);
    cluster.until(backup, "says why it waits", |s| waits(&s.reason)).await;
    // Asked to go, it does not forget its doubt.
    cluster.signal(backup, Signal::TERM);
    cluster.replicas[backup].ended().await;
    assert_eq!(verified(&cluster.replicas[backup].data)["clean"], false);
    cluster.start(backup);
    let waiting = cluster.until(backup, "waits again", |s| waits(&s.reason)).await;
    assert_ne!(waiting.role(), Role::Primary);
    cluster.kill(backup);

    let data = text(&cluster.replicas[backup].data).to_owned();
    let id = verified(&cluster.replicas[backup].data)["cluster"].as_str().unwrap().to_owned();
    let register = uri(&cluster.register);
    succeed(&["recover", "only-member", "--data", &data, "--register", &register, "--yes", &id]);
    cluster.start_all();
    assert_eq!(cluster.complete().await, backup);
    assert_eq!(value(&cluster, "k").await, "v");
}
