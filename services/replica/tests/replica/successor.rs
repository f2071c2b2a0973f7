//! A primary that has been deposed ends its life, and nobody is told what is not known.

use understudy_arbiter::{Arbiter, DirectoryRegister};
use understudy_protocol::Nonce;
use understudy_replica::Ended;

use crate::common::{Cluster, get, key_values, put, reason, until};

#[tokio::test]
async fn who_waits_at_the_end_of_a_life_hears_that_the_outcome_is_unknown() {
    let mut cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    let address = cluster.clients(primary);
    // The backup is gone and cannot be dropped while the register is away: a write waits.
    let away = cluster.dir.path().join("away");
    std::fs::rename(cluster.register(), &away).unwrap();
    cluster.kill(1 - primary);
    let mut client = key_values(&address).await.unwrap();
    let waiting = tokio::spawn(async move { client.put(put("k", "v")).await });
    until("the write waits", async || {
        let positions = cluster.status(primary).await.unwrap().positions.unwrap();
        positions.last > positions.commit
    })
    .await;

    // Meanwhile the register has come to name the other one.
    let register = DirectoryRegister::at(&away, Default::default());
    let observed = register.read().await.unwrap();
    let mut record = observed.record.clone().unwrap();
    let other = record.members.iter().find(|member| member.incarnation != record.primary);
    record.primary = other.unwrap().incarnation;
    record.epoch += 1;
    record.nonce = Nonce(4711);
    register.write(&observed, &record).await;
    std::fs::rename(&away, cluster.register()).unwrap();

    let unknown = waiting.await.unwrap().unwrap_err();
    assert_eq!(unknown.code(), tonic::Code::Aborted, "{unknown:?}");
    assert_eq!(reason(&unknown).0, "OUTCOME_UNKNOWN");
    cluster.until_ended(primary, 1).await;
    let ended = cluster.replicas[primary].as_ref().unwrap().ended.lock().unwrap()[0].clone();
    assert!(matches!(ended, Ok(Ended::LifeEnded(_))), "{ended:?}");

    // It is back in another life, and the one that is named finishes what was begun.
    cluster.start(1 - primary);
    assert!(cluster.client().await.get(get("k")).await.is_ok());
    until("it is back in another life", async || {
        cluster.status(primary).await.is_some_and(|status| status.life >= 2)
    })
    .await;
}
