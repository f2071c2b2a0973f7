//! One reader and one writer, and people who edit what is theirs.

use serde_json::json;
use understudy_arbiter::Arbiter;
use understudy_protocol::{RegisterFailure, WriteAnswer};

use crate::cluster::{cluster, without_lease};
use crate::common::{advance, next};

#[tokio::test]
async fn what_is_written_is_read_and_people_see_it() {
    let Some(cluster) = cluster().await else { return };
    let register = cluster.register();
    let base = register.read().await.unwrap();
    assert_eq!(base.record, None);
    let record = next(&base, u128::MAX);
    assert_eq!(register.write(&base, &record).await, WriteAnswer::Written);
    let observed = register.read().await.unwrap();
    assert_eq!((observed.uid, observed.record.as_ref()), (base.uid, Some(&record)));
    assert_ne!(observed.version, base.version);
    let lease = cluster.lease().await;
    assert_eq!(lease["spec"]["holderIdentity"], record.members[0].name.as_str());
    assert_eq!(lease["spec"]["leaseTransitions"], 1);
}

#[tokio::test]
async fn an_edit_in_between_is_a_conflict_and_is_kept_by_the_next_try() {
    let Some(cluster) = cluster().await else { return };
    let register = cluster.register();
    let base = advance(&register, 1).await;
    cluster.edit(json!({
        "metadata": {"labels": {"team": "x"}, "annotations": {"note": "mine"}, "finalizers": ["a.b/c"]},
        "spec": {"leaseDurationSeconds": 15},
    })).await;
    let record = next(&base, 1);
    assert_eq!(register.write(&base, &record).await, WriteAnswer::Conflict);
    let again = register.read().await.unwrap();
    assert_eq!(again.record, base.record, "the record is left alone");
    assert_eq!(register.write(&again, &record).await, WriteAnswer::Written);

    let lease = cluster.lease().await;
    assert_eq!(lease["metadata"]["labels"]["team"], "x");
    assert_eq!(lease["metadata"]["annotations"]["note"], "mine");
    assert_eq!(lease["metadata"]["finalizers"], json!(["a.b/c"]));
    assert_eq!(lease["spec"]["leaseDurationSeconds"], 15);
    assert_eq!(register.read().await.unwrap().record, Some(record));
    cluster.edit(json!({"metadata": {"finalizers": null}})).await;
}

/// The object that a write edits is the one of its base, not the one that was read last.
#[tokio::test]
async fn a_write_over_an_older_read_of_the_same_process_is_a_conflict() {
    let Some(cluster) = cluster().await else { return };
    let register = cluster.register();
    let base = register.read().await.unwrap();
    let newer = advance(&cluster.register(), 1).await;
    assert_eq!(register.read().await.unwrap(), newer);
    assert_eq!(register.write(&base, &next(&base, 7)).await, WriteAnswer::Conflict);
    assert_eq!(register.read().await.unwrap(), newer);
    // One that has never read, given a base of another, reads for itself.
    let fresh = cluster.register();
    assert_eq!(fresh.write(&base, &next(&base, 8)).await, WriteAnswer::Conflict);
    assert_eq!(fresh.write(&newer, &next(&newer, 9)).await, WriteAnswer::Written);
}

#[tokio::test]
async fn a_deleted_lease_is_missing_and_no_write_brings_it_back() {
    let Some(cluster) = cluster().await else { return };
    let register = cluster.register();
    let base = advance(&register, 2).await;
    cluster.delete().await;
    for register in [register, cluster.register()] {
        let answer = register.write(&base, &next(&base, 1)).await;
        assert!(!matches!(answer, WriteAnswer::Written), "{answer:?}");
        assert!(!cluster.exists().await, "a write has made it: {answer:?}");
        let Err(RegisterFailure::Missing(why)) = register.read().await else { panic!() };
        assert!(why.contains(&cluster.name) && why.contains("recover"), "{why}");
    }
}

#[tokio::test]
async fn another_object_of_that_name_is_another_register() {
    let Some(cluster) = cluster().await else { return };
    let register = cluster.register();
    let base = register.read().await.unwrap();
    cluster.delete().await;
    cluster.make(json!({})).await;
    assert_eq!(register.write(&base, &next(&base, 1)).await, WriteAnswer::Conflict);
    let other = register.read().await.unwrap();
    assert_ne!(other.uid, base.uid);
    assert_eq!(other.record, None);
}

#[tokio::test]
async fn an_older_state_put_back_is_read_as_it_stands() {
    let Some(cluster) = cluster().await else { return };
    let register = cluster.register();
    let old = advance(&register, 2).await;
    let text = cluster.annotation().await;
    let newest = advance(&register, 3).await;
    cluster.annotate(text).await;
    let restored = register.read().await.unwrap();
    assert_eq!((restored.uid, restored.record), (newest.uid, old.record));
}

#[tokio::test]
async fn a_lease_that_was_never_there_is_missing() {
    let Some(cluster) = without_lease().await else { return };
    let failure = cluster.register().read().await.unwrap_err();
    assert!(matches!(failure, RegisterFailure::Missing(_)), "{failure}");
}
