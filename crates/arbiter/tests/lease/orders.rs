//! Registers made by order.

use serde_json::json;
use understudy_arbiter::Arbiter;
use understudy_protocol::WriteAnswer;

use crate::cluster::{cluster, without_lease};
use crate::common::{advance, next};

#[tokio::test]
async fn a_blank_register_is_made_once() {
    let Some(cluster) = without_lease().await else { return };
    let register = cluster.register();
    let uid = register.create().await.unwrap();
    let observed = register.read().await.unwrap();
    assert_eq!((observed.uid, observed.record), (uid, None));
    let why = register.create().await.unwrap_err();
    assert!(why.contains("already"), "{why}");
    assert_eq!(register.read().await.unwrap().uid, uid);
}

#[tokio::test]
async fn a_register_that_is_gone_comes_back_by_order_at_its_epoch() {
    let Some(cluster) = cluster().await else { return };
    let register = cluster.register();
    let lost = advance(&register, 4).await;
    cluster.delete().await;
    let record = next(&lost, 7);
    let made = register.restore(&record, Some(lost.uid)).await.unwrap();
    assert_ne!(made.uid, lost.uid);
    assert_eq!(made.replaced, None);
    let observed = register.read().await.unwrap();
    assert_eq!((observed.uid, observed.record.as_ref()), (made.uid, Some(&record)));
    assert_eq!(register.write(&observed, &next(&observed, 8)).await, WriteAnswer::Written);
}

#[tokio::test]
async fn a_register_that_is_damaged_is_replaced_by_another_object_with_its_labels() {
    let Some(cluster) = cluster().await else { return };
    let register = cluster.register();
    let good = advance(&register, 2).await;
    cluster.edit(json!({"metadata": {"labels": {"app": "x"}}})).await;
    cluster.annotate("nonsense").await;
    let record = next(&good, 7);
    let made = register.restore(&record, Some(good.uid)).await.unwrap();
    assert_ne!(made.uid, good.uid);
    let old = made.replaced.unwrap();
    assert!(old.contains("nonsense") && !old.contains('\n'), "{old}");
    assert_eq!(register.read().await.unwrap().record, Some(record));
    assert_eq!(cluster.lease().await["metadata"]["labels"]["app"], "x");
}

#[tokio::test]
async fn a_blank_lease_that_nobody_knows_is_used_and_the_known_one_is_not() {
    let Some(cluster) = cluster().await else { return };
    let register = cluster.register();
    let blank = register.read().await.unwrap();
    let record = next(&blank, 7);
    // The replica knows this object, and others may know more of it.
    let made = register.restore(&record, Some(blank.uid)).await.unwrap();
    assert_ne!(made.uid, blank.uid);

    cluster.delete().await;
    cluster.make(json!({})).await;
    let blank = register.read().await.unwrap();
    let used = register.restore(&record, Some(made.uid)).await.unwrap();
    assert_eq!((used.uid, used.replaced), (blank.uid, None));
    assert_eq!(register.read().await.unwrap().record, Some(record));
}
