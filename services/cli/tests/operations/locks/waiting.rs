//! Waiting for a lock, and losing it, while primaries come and go.

use std::time::{Duration, Instant};

use understudy_client::Error;

use crate::harness::cluster::Cluster;
use crate::harness::command::succeed;
use crate::harness::wait;

/// Longer than anybody's lease.
const OUTAGE: Duration = Duration::from_secs(3);

#[tokio::test]
async fn whoever_waits_stands_in_line_again_after_an_outage_longer_than_its_lease() {
    let (mut cluster, _, _) = Cluster::pair().await;
    let client = cluster.client();
    let holder = client.lock("job").ttl(Duration::from_secs(60)).await.unwrap();
    let waiting = cluster.client().with_deadline(Duration::from_secs(1));
    let waiter = waiting.lock("job").value("second").ttl(Duration::from_secs(1));
    let waiter = tokio::spawn(async move { waiter.await });
    let stands =
        || async { (client.list(super::line("job")).await.unwrap().kvs.len() == 2).then_some(()) };
    wait::until("it waits", stands).await;
    (0..2).for_each(|number| cluster.kill(number));
    tokio::time::sleep(OUTAGE).await;
    cluster.start_all();
    cluster.complete().await;
    assert!(!waiter.is_finished(), "{:?}", waiter.await);
    // Its place is taken away as well, as when its lease has ended.
    let place = client.list(super::line("job")).await.unwrap().kvs;
    let place = place.iter().find(|kv| kv.value == "second").cloned();
    if let Some(kv) = place {
        client.revoke_lease(kv.lease_id).await.unwrap();
    }
    super::released(holder).await;
    let lock = tokio::time::timeout(wait::BOUND, waiter).await.unwrap().unwrap().unwrap();
    assert!(lock.is_held());
    lock.release().await.unwrap();
}

#[tokio::test]
async fn a_limited_wait_is_kept_to_without_a_primary() {
    let (mut cluster, _, _) = Cluster::pair().await;
    let client = cluster.client();
    let _holder = client.lock("job").ttl(Duration::from_secs(60)).await.unwrap();
    let begun = Instant::now();
    let waiter = cluster.client();
    let waiter = tokio::spawn(async move { waiter.lock("job").wait(Duration::from_secs(4)).await });
    let stands =
        || async { (client.list(super::line("job")).await.unwrap().kvs.len() == 2).then_some(()) };
    wait::until("it waits", stands).await;
    (0..2).for_each(|number| cluster.kill(number));
    let error = waiter.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::NotAcquired { .. }), "{error}");
    // Two seconds to revoke the lease, in vain.
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_release_of_a_lost_lock_says_so() {
    let (mut cluster, _, _) = Cluster::pair().await;
    let client = cluster.client();
    let lost = |released: Result<(), Error>| match released {
        Err(Error::LockLost { name }) => assert_eq!(name, "job"),
        other => panic!("{other:?}"),
    };
    // Its lease was ended.
    let lock = client.lock("job").await.unwrap();
    let lease = client.get("job").await.unwrap();
    assert!(lease.kv.is_none());
    let lease = client.list(super::line("job")).await.unwrap().kvs[0].lease_id;
    client.revoke_lease(lease).await.unwrap();
    lost(lock.release().await);
    // Its key was taken away.
    let lock = client.lock("job").await.unwrap();
    client.delete(lock.key().clone()).await.unwrap();
    lost(lock.release().await);
    // Nobody renewed it, and nobody can be asked: that is told soon.
    let lock = client.lock("job").ttl(Duration::from_secs(1)).await.unwrap();
    (0..2).for_each(|number| cluster.kill(number));
    lock.lost().await;
    let begun = Instant::now();
    lost(lock.release().await);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_command_that_succeeds_without_its_lock_has_failed() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    // It takes its own lock away.
    let script = format!("{} del \"$UNDERSTUDY_KEY\"", crate::harness::binary().display());
    let arguments = ["lock", "job", at[0], at[1], "--", "sh", "-c", &script];
    let running = crate::harness::running::Running::start_with(
        &arguments,
        &[("UNDERSTUDY_ENDPOINTS", &endpoints)],
    );
    let (code, _, err) = running.ended();
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("lock \"job\"") && err.contains("lost"), "{err}");
    succeed(&["lock", "job", "--wait", "0", at[0], at[1], "--", "true"]);
}
