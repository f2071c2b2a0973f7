//! The watch gives hints, outlives its connection, and decides nothing.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use understudy_arbiter::Arbiter;

use crate::cluster::cluster;
use crate::common::advance;
use crate::proxy::{Proxy, Way};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_change_by_another_is_noticed_and_ones_own_is_not() {
    let Some(cluster) = cluster().await else { return };
    let (mine, other) = (cluster.register(), cluster.register());
    mine.read().await.unwrap();
    assert!(timeout(SHORT, mine.changed()).await.is_err(), "nothing has changed");
    let (noticed, _) = tokio::join!(timeout(LONG, mine.changed()), advance(&other, 1));
    noticed.unwrap();
    mine.read().await.unwrap();
    advance(&mine, 1).await;
    assert!(timeout(SHORT, mine.changed()).await.is_err(), "what one wrote oneself is no news");
}

#[tokio::test]
async fn a_change_while_nobody_waits_is_noticed_later() {
    let Some(cluster) = cluster().await else { return };
    let (mine, other) = (cluster.register(), cluster.register());
    mine.read().await.unwrap();
    assert!(timeout(SHORT, mine.changed()).await.is_err());
    advance(&other, 1).await;
    timeout(LONG, mine.changed()).await.unwrap();
}

#[tokio::test]
async fn a_deletion_is_noticed() {
    let Some(cluster) = cluster().await else { return };
    let mine = cluster.register();
    mine.read().await.unwrap();
    let deleting = async {
        sleep(SHORT).await;
        cluster.delete().await;
    };
    let (noticed, ()) = tokio::join!(timeout(LONG, mine.changed()), deleting);
    noticed.unwrap();
}

#[tokio::test]
async fn what_changes_while_the_watch_is_cut_is_noticed_when_it_is_back() {
    let Some(cluster) = cluster().await else { return };
    let proxy = Proxy::start(&cluster.config).await;
    let (mine, other) = (cluster.register_as(proxy.config(&cluster.config)), cluster.register());
    mine.read().await.unwrap();
    assert!(timeout(SHORT, mine.changed()).await.is_err());
    proxy.set(Way::LosesAll);
    // Bytes that are lost are what ends the connection when the way opens.
    advance(&other, 1).await;
    assert!(timeout(SHORT, mine.changed()).await.is_err(), "nothing can be known now");
    proxy.set(Way::Open);
    timeout(LONG, mine.changed()).await.unwrap();
}
