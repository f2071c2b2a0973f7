//! A leaving primary hands over, and forwards requests of clients that know only its address, until it is gone.

use std::time::{Duration, Instant};

use tonic::Request;
use understudy_proto::admin::v1::Role;
use understudy_replica::Ended;

use crate::common::{Cluster, get, key_values, put, reason, until};

/// A pair whose primaries stay for `linger_ms` after their handovers.
async fn lingering(size: usize, linger_ms: u64) -> (Cluster, usize) {
    let mut cluster = Cluster::new(size);
    for args in &mut cluster.args {
        args.linger_ms = Some(linger_ms);
    }
    cluster.start_all();
    let primary = if size == 1 { cluster.primary().await } else { cluster.paired().await };
    (cluster, primary)
}

/// A pair whose primary was asked to go and has handed over: the old one and the new one.
async fn lingering_pair(linger_ms: u64) -> (Cluster, usize, usize) {
    let (cluster, old) = lingering(2, linger_ms).await;
    let new = 1 - old;
    cluster.replicas[old].as_ref().unwrap().leave.try_send(()).unwrap();
    cluster.until_role(new, Role::Primary).await;
    cluster.until_role(old, Role::Backup).await;
    (cluster, old, new)
}

#[tokio::test]
async fn who_knows_a_leaving_primary_only_is_led_on_until_it_goes() {
    let (cluster, old, new) = lingering_pair(5_000).await;
    let mut misled = key_values(&cluster.clients(old)).await.unwrap();
    misled.put(put("k", "v")).await.unwrap();
    let got = misled.get(get("k")).await.unwrap().into_inner();
    assert_eq!(&got.kv.unwrap().value[..], b"v");
    let errors_too = misled.put(put("", "v")).await.unwrap_err();
    assert_eq!(reason(&errors_too).0, "INVALID_KEY");
    // Two copies until it goes.
    assert_eq!(cluster.status(new).await.unwrap().members.len(), 2);

    // A client that follows hints is given one: soon this address leads nowhere.
    let mut following = Request::new(put("k", "w"));
    following.metadata_mut().insert("understudy-follows", "1".parse().unwrap());
    let (told, metadata) = reason(&misled.put(following).await.unwrap_err());
    assert_eq!(told, "NOT_PRIMARY");
    assert!(metadata.contains(&format!("primary={}", cluster.clients(new))), "{metadata:?}");
    // It was closed.
    let mut misled = key_values(&cluster.clients(old)).await.unwrap();

    // One that was led on already is not led in a circle.
    let mut circling = Request::new(put("k", "w"));
    circling.metadata_mut().insert("understudy-led-on", "1".parse().unwrap());
    let refused = misled.put(circling).await.unwrap_err();
    assert_eq!(reason(&refused).0, "NOT_PRIMARY");

    cluster.until_ended(old, 1).await;
    let ended = cluster.replicas[old].as_ref().unwrap().ended.lock().unwrap()[0].clone();
    assert_eq!(ended, Ok(Ended::Left));
    let got = cluster.client().await.get(get("k")).await.unwrap().into_inner();
    assert_eq!(&got.kv.unwrap().value[..], b"v");
    assert_eq!(cluster.status(new).await.unwrap().members.len(), 1, "it was dropped in order");
}

#[tokio::test]
async fn who_is_led_on_to_one_that_dies_is_turned_away_or_told_that_it_is_unknown() {
    let (mut cluster, old, new) = lingering_pair(60_000).await;
    let mut misled = key_values(&cluster.clients(old)).await.unwrap();
    misled.put(put("k", "v")).await.unwrap();
    cluster.kill(new);
    let mut reasons = Vec::new();
    until("it serves again itself, the other being gone", async || {
        let Ok(mut client) = key_values(&cluster.clients(old)).await else { return false };
        match client.put(put("k", "w")).await {
            Ok(_) => true,
            Err(status) => {
                reasons.push(reason(&status).0);
                false
            }
        }
    })
    .await;
    let known = ["NOT_PRIMARY", "OUTCOME_UNKNOWN", ""];
    assert!(reasons.iter().all(|reason| known.contains(&reason.as_str())), "{reasons:?}");
    assert_eq!(cluster.role(old).await, Some(Role::Primary));
}

#[tokio::test]
async fn who_has_nobody_to_hand_over_to_goes_at_once() {
    let (mut cluster, only) = lingering(1, 60_000).await;
    let asked = Instant::now();
    cluster.leave(only);
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_backup_goes_at_once() {
    let (mut cluster, primary) = lingering(2, 60_000).await;
    let asked = Instant::now();
    cluster.leave(1 - primary);
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
}
