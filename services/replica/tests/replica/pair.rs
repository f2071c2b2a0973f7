//! What a pair promises while its members come and go.

use understudy_proto::admin::v1::{HandOverRequest, Role, StatusRequest};
use understudy_proto::kv::v1::{OpenSessionRequest, RequestStamp};

use crate::common::{Cluster, admin, get, key_values, put, reason, session, to_cluster, until};

#[tokio::test]
async fn what_was_put_is_there_after_the_primary_is_killed() {
    let mut cluster = Cluster::born(2).await;
    let response = cluster.client().await.put(put("k", "v")).await.unwrap().into_inner();
    assert!(response.succeeded);
    assert_eq!((response.version, response.mod_revision), (1, 1));
    let epoch = response.header.unwrap().epoch;

    let primary = cluster.primary().await;
    cluster.kill(primary);

    let got = cluster.client().await.get(get("k")).await.unwrap().into_inner();
    assert_eq!(&got.kv.unwrap().value[..], b"v");
    assert!(got.header.unwrap().epoch > epoch);
}

#[tokio::test]
async fn a_killed_replica_comes_back_as_backup_and_takes_over_in_its_turn() {
    let mut cluster = Cluster::born(2).await;
    for round in 0..4 {
        let value = format!("{round}");
        cluster.client().await.put(put("k", &value)).await.unwrap();
        let primary = cluster.paired().await;
        cluster.kill(primary);
        let got = cluster.client().await.get(get("k")).await.unwrap().into_inner();
        assert_eq!(got.kv.unwrap().value, value.as_bytes());
        cluster.start(primary);
        assert_ne!(cluster.paired().await, primary);
    }
}

#[tokio::test]
async fn a_retry_over_a_failover_executes_nothing_and_gets_the_first_answer() {
    let mut cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    let mut sessions = session(&cluster.clients(primary)).await.unwrap();
    let opened = sessions.open_session(OpenSessionRequest::default()).await.unwrap().into_inner();
    assert_eq!((opened.ttl_ms, opened.window), (300_000, 1024));
    let stamp = RequestStamp { session_id: opened.session_id, sequence: 1, received_below: 0 };
    let header = opened.header.unwrap();
    let mut request = put("k", "v");
    request.stamp = Some(stamp);
    let first = to_cluster(&header, request.clone());
    let first = cluster.client().await.put(first).await.unwrap().into_inner();
    cluster.client().await.put(put("k", "other")).await.unwrap();

    cluster.kill(primary);
    let mut client = cluster.client().await;
    let again = client.put(to_cluster(&header, request.clone())).await.unwrap().into_inner();
    assert_eq!((again.version, again.mod_revision), (first.version, first.mod_revision));
    assert_eq!(again.header.unwrap().revision, first.header.unwrap().revision);
    let got = client.get(get("k")).await.unwrap().into_inner().kv.unwrap();
    assert_eq!((&got.value[..], got.version), (&b"other"[..], 2));

    request.value = "a different mutation".into();
    let reused = client.put(to_cluster(&header, request)).await.unwrap_err();
    assert_eq!(reason(&reused).0, "SEQUENCE_REUSED");
}

#[tokio::test]
async fn a_backup_turns_clients_away_and_names_the_primary() {
    let cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    cluster.client().await.put(put("k", "v")).await.unwrap();
    // A client that is turned away loses the connection, too.
    let backup = async || key_values(&cluster.clients(1 - primary)).await.unwrap();
    for status in [
        backup().await.put(put("k", "w")).await.unwrap_err(),
        backup().await.get(get("k")).await.unwrap_err(),
    ] {
        assert_eq!(status.code(), tonic::Code::Unavailable);
        let (reason, metadata) = reason(&status);
        assert_eq!(reason, "NOT_PRIMARY");
        assert_eq!(metadata[1], format!("primary={}", cluster.clients(primary)));
        assert!(metadata[0].starts_with("epoch="), "{metadata:?}");
    }

    // A stale read asks nobody else.
    let mut stale = get("k");
    stale.consistency = understudy_proto::kv::v1::ReadConsistency::Stale.into();
    let mut backup = backup().await;
    until("the backup has executed it", async || {
        let got = backup.get(stale.clone()).await.unwrap().into_inner();
        got.kv.is_some_and(|kv| &kv.value[..] == b"v")
    })
    .await;
}

#[tokio::test]
async fn an_operator_hands_over_without_loss_and_the_old_primary_becomes_the_backup() {
    let cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    let mut client = cluster.client().await;
    client.put(put("k", "v")).await.unwrap();
    let mut operator = admin(&cluster.clients(primary)).await.unwrap();
    let to = |name: &str| HandOverRequest { to: name.into() };
    let refused = operator.hand_over(to("nobody")).await.unwrap_err();
    assert_eq!(reason(&refused).0, "HAND_OVER_REFUSED", "{refused:?}");
    for name in ["two\nlines", "one,two", &"n".repeat(129)] {
        let refused = operator.hand_over(to(name)).await.unwrap_err();
        assert_eq!(reason(&refused).0, "INVALID_NAME", "{refused:?}");
        assert!(refused.message().len() < 100 && !refused.message().contains('\n'), "{refused:?}");
    }
    let view = operator.status(StatusRequest::default()).await.unwrap().into_inner();
    let backup = view.followers[0].member.clone().unwrap().name;
    let done = operator.hand_over(to(&backup)).await.unwrap().into_inner();
    assert_eq!(done.primary.unwrap().client_address, cluster.clients(1 - primary));
    assert!(done.header.unwrap().epoch > 1);

    cluster.until_role(1 - primary, Role::Primary).await;
    cluster.until_role(primary, Role::Backup).await;
    let got = cluster.client().await.get(get("k")).await.unwrap().into_inner();
    assert_eq!(&got.kv.unwrap().value[..], b"v");
    assert!(cluster.replicas[primary].as_ref().unwrap().ended.lock().unwrap().is_empty());

    let refused = operator.hand_over(HandOverRequest::default()).await.unwrap_err();
    assert_eq!(reason(&refused).0, "NOT_PRIMARY");
}

#[tokio::test]
async fn a_primary_that_is_asked_to_go_hands_over_first_and_a_backup_is_dropped_first() {
    let mut cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    cluster.client().await.put(put("k", "v")).await.unwrap();
    cluster.leave(primary);
    cluster.until_role(1 - primary, Role::Primary).await;
    cluster.client().await.put(put("k", "w")).await.unwrap();

    cluster.start(primary);
    assert_eq!(cluster.paired().await, 1 - primary);
    cluster.until_role(primary, Role::Backup).await;
    cluster.leave(primary);
    // Nobody has to be suspected: the write is not kept waiting.
    let status = cluster.status(1 - primary).await.unwrap();
    assert_eq!(status.members.len(), 1);
    cluster.client().await.put(put("k", "x")).await.unwrap();
}

#[tokio::test]
async fn both_killed_at_once_come_back_with_everything() {
    let mut cluster = Cluster::born(2).await;
    for n in 0..50 {
        cluster.client().await.put(put(&format!("k{n}"), "v")).await.unwrap();
    }
    cluster.kill(0);
    cluster.kill(1);
    cluster.start_all();
    let mut client = cluster.client().await;
    for n in 0..50 {
        let got = client.get(get(&format!("k{n}"))).await.unwrap().into_inner();
        assert!(got.kv.is_some(), "k{n} is lost");
    }
}

#[tokio::test]
async fn a_wiped_backup_joins_anew_and_can_take_over() {
    let mut cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    let backup = 1 - primary;
    cluster.client().await.put(put("k", "v")).await.unwrap();
    cluster.kill(backup);
    std::fs::remove_dir_all(cluster.data(backup)).unwrap();
    cluster.start(backup);
    cluster.client().await.put(put("k2", "v")).await.unwrap();
    until("the wiped copy is a member under its new incarnation", async || {
        let (Some(here), Some(there)) =
            (cluster.status(primary).await, cluster.status(backup).await)
        else {
            return false;
        };
        let new = there.replica.unwrap().incarnation;
        here.members.iter().any(|member| member.incarnation == new) && here.members.len() == 2
    })
    .await;
    cluster.kill(primary);
    let got = cluster.client().await.get(get("k")).await.unwrap().into_inner();
    assert_eq!(&got.kv.unwrap().value[..], b"v");
}
