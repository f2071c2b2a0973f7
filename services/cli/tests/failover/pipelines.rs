//! Pipelines whose primary is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::Cluster;

#[tokio::test]
async fn a_pipeline_executes_everything_once_and_in_order_though_primaries_are_killed() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let client = cluster.client();
    let enough = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (client, enough) = (client.clone(), enough.clone());
        async move {
            let mut pipeline = client.pipeline();
            let mut replies = std::collections::VecDeque::new();
            let (mut sent, mut done, mut revision) = (0, 0, 0);
            loop {
                while !enough.load(Ordering::Relaxed) && replies.len() < 500 {
                    replies.push_back(pipeline.put("count", sent.to_string()).await);
                    sent += 1;
                }
                let Some(reply) = replies.pop_front() else { break };
                let put = reply.await.unwrap();
                done += 1;
                assert_eq!(put.version, done, "executed once, in order");
                let before = std::mem::replace(&mut revision, put.header.unwrap().revision);
                assert!(revision > before, "{revision} after {before}");
                if done % 1_000 == 0 {
                    let read = pipeline.get("count").await.await.unwrap().kv.unwrap();
                    assert_eq!(read.value, (sent - 1).to_string(), "it sees all before it");
                }
            }
            done
        }
    });
    let version = async || client.get("count").await.unwrap().kv.map_or(0, |kv| kv.version);
    let more = async || {
        let before = version().await;
        while version().await < before + 2_000 {
            assert!(!writing.is_finished(), "it goes on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    more().await;
    cluster.kill(primary);
    cluster.until(backup, "takes over", |s| s.role() == Role::Primary).await;
    more().await;
    cluster.start(primary);
    assert_eq!(cluster.complete().await, backup);
    cluster.kill(backup);
    cluster.until(primary, "takes over again", |s| s.role() == Role::Primary).await;
    more().await;
    enough.store(true, Ordering::Relaxed);
    assert_eq!(writing.await.unwrap(), version().await);
}
