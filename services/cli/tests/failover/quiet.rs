//! A watch of a key that nobody writes, while others write as fast as they can and the primary is killed.

use std::collections::VecDeque;

use understudy_client::Client;
use understudy_client::proto::admin::v1::admin_service_client::AdminServiceClient;
use understudy_client::proto::admin::v1::{Quota, Role, UpdateQuotaRequest};
use understudy_client::proto::kv::v1::watch_request::Target;
use understudy_client::proto::kv::v1::{EventType, WatchRequest};

use crate::harness::cluster::Cluster;

#[tokio::test]
async fn a_quiet_watch_misses_nothing_though_history_has_long_forgotten_where_it_was() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let address = format!("http://{}", cluster.replicas[primary].clients);
    let mut admin = AdminServiceClient::connect(address).await.unwrap();
    let quota =
        Quota { max_history_revisions: Some(100), min_history_ms: Some(0), ..Quota::default() };
    admin.update_quota(UpdateQuotaRequest { quota: Some(quota) }).await.unwrap();
    let client = cluster.client();
    client.put("quiet", "1").await.unwrap();
    let mut watch = client.watch(WatchRequest {
        target: Some(Target::Key("quiet".into())),
        // No mark of progress: its cursor is from before all that the others write.
        progress_interval_ms: 60_000,
        ..WatchRequest::default()
    });
    watch.begin().await.unwrap();
    let seen = tokio::spawn(async move { watch.next().await });

    write(&client, 3_000).await;
    cluster.kill(primary);
    cluster.until(backup, "takes over", |status| status.role() == Role::Primary).await;
    write(&client, 1_000).await;
    let deleted = client.delete("quiet").await.unwrap().header.unwrap().revision;
    let changes = seen.await.unwrap().unwrap();
    let kv = changes.events[0].kv.as_ref().unwrap();
    assert_eq!((changes.events.len(), changes.events[0].r#type()), (1, EventType::Delete));
    assert_eq!((&kv.key[..], kv.mod_revision), (&b"quiet"[..], deleted));
}

/// Puts of a hundred other keys, many at once.
async fn write(client: &Client, puts: usize) {
    let mut pipeline = client.pipeline();
    let mut replies = VecDeque::new();
    for number in 0..puts {
        replies.push_back(pipeline.put(format!("busy/{}", number % 100), "value").await);
        if replies.len() == 500 {
            replies.pop_front().unwrap().await.unwrap();
        }
    }
    for reply in replies {
        reply.await.unwrap();
    }
}
