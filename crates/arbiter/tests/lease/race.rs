//! Many writers at once: each epoch has one winner.

use std::collections::BTreeMap;

use kube::api::{WatchEvent, WatchParams};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_stream::StreamExt as _;
use understudy_arbiter::{Arbiter, LeaseRegister};
use understudy_protocol::{Epoch, WriteAnswer};

use crate::cluster::{ANNOTATION, Cluster, cluster};
use crate::common::next;

const LAST: Epoch = 300;

/// Writes as fast as it can until the register has reached [`LAST`]. Gives the epochs it was told to
/// have won, and its nonce in each.
async fn contend(register: LeaseRegister, writer: u128) -> Vec<(Epoch, u128)> {
    let (mut won, mut seen) = (Vec::new(), 0);
    for attempt in 0..100_000 {
        let base = register.read().await.unwrap();
        let record = next(&base, writer << 64 | attempt);
        assert!(record.epoch >= seen, "the register went back from {seen} to {}", record.epoch);
        seen = record.epoch;
        if record.epoch > LAST {
            return won;
        }
        match register.write(&base, &record).await {
            WriteAnswer::Written => won.push((record.epoch, record.nonce.0)),
            WriteAnswer::Conflict => {}
            WriteAnswer::NoAnswer(why) => panic!("{why}"),
        }
    }
    panic!("epoch {LAST} is never reached");
}

/// Every record that the Lease said after this version, by epoch, as the API server tells it.
async fn chronicle(cluster: &Cluster, version: &str) -> BTreeMap<Epoch, String> {
    let parameters = WatchParams::default().fields(&format!("metadata.name={}", cluster.name));
    let mut events = Box::pin(cluster.leases.watch(&parameters, version).await.unwrap());
    let mut records = BTreeMap::new();
    while let Some(event) = events.next().await {
        let WatchEvent::Modified(lease) = event.unwrap() else { panic!("it was not edited") };
        let Some(annotations) = lease.metadata.annotations else { continue };
        let Some(text) = annotations.get(ANNOTATION) else { continue };
        let epoch = lease.spec.unwrap().lease_transitions.unwrap() as Epoch;
        let other = records.insert(epoch, text.clone());
        assert!(other.is_none_or(|other| other == *text), "epoch {epoch} said two things");
        if epoch == LAST {
            break;
        }
    }
    records
}

async fn race(cluster: &Cluster) {
    let blank = cluster.register().read().await.unwrap().version;
    let mut writers = JoinSet::new();
    for writer in 1..=6 {
        writers.spawn(contend(cluster.register(), writer));
    }
    let (records, told) = tokio::join!(chronicle(cluster, &blank), writers.join_all());
    assert_eq!(records.keys().copied().collect::<Vec<_>>(), (1..=LAST).collect::<Vec<_>>());
    let mut winners = BTreeMap::new();
    for (epoch, nonce) in told.into_iter().flatten() {
        assert_eq!(winners.insert(epoch, nonce), None, "epoch {epoch} was won twice");
        let record = &records[&epoch];
        assert!(record.contains(&format!("{nonce:032x}")), "epoch {epoch} is another's: {record}");
    }
    // No answer was lost here, so that every winner was told.
    assert_eq!(winners.len() as Epoch, LAST);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_racing_writers_one_wins_each_epoch() {
    let Some(cluster) = cluster().await else { return };
    race(&cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_racing_writers_one_wins_each_epoch_while_people_edit_labels() {
    let Some(cluster) = cluster().await else { return };
    let editing = async {
        for n in 0_u64.. {
            let mine = json!({"edited": n.to_string()});
            cluster.edit(json!({"metadata": {"labels": mine, "annotations": mine}})).await;
            tokio::time::sleep(std::time::Duration::from_millis(3)).await;
        }
    };
    tokio::select! {
        () = editing => unreachable!("it never ends"),
        () = race(&cluster) => {}
    }
    let lease = cluster.lease().await;
    let edited =
        |of: &str| lease["metadata"][of]["edited"].as_str().unwrap().parse::<u64>().unwrap();
    assert!(edited("labels") > 10, "hardly anything was edited: {lease}");
    assert_eq!(edited("labels"), edited("annotations"));
}
