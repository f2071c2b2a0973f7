//! Many writers at once: each epoch has one winner.

use std::collections::BTreeMap;

use kube::api::{WatchEvent, WatchParams};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_stream::StreamExt as _;
use understudy_arbiter::Arbiter as _;
use understudy_protocol::Epoch;

use crate::cluster::{ANNOTATION, Cluster, cluster};
use crate::common::contend;

const LAST: Epoch = 300;

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
        let register = cluster.register();
        writers.spawn(async move { contend(&register, writer, LAST).await });
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
