//! Logged time passes while a primary is alone with too few copies, and nothing stops for it.

use std::time::Duration;

use tokio::time::timeout;
use understudy_proto::kv::v1::OpenSessionRequest;

use crate::common::{Cluster, put, reason, session, until};

/// How soon a replica that is well answers.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A pair of which no copy may be missing, and its primary.
async fn strict_pair() -> (Cluster, usize) {
    let mut cluster = Cluster::new(2);
    for args in &mut cluster.args {
        args.min_copies = Some(2);
    }
    cluster.start_all();
    let primary = cluster.paired().await;
    (cluster, primary)
}

async fn open_session(cluster: &Cluster, primary: usize, ttl_ms: i64) {
    let mut sessions = session(&cluster.clients(primary)).await.unwrap();
    sessions.open_session(OpenSessionRequest { ttl_ms }).await.unwrap();
}

async fn sessions_are(cluster: &Cluster, primary: usize, count: usize) {
    let line = format!("\nunderstudy_sessions {count}\n");
    until(&format!("the figures say: {}", line.trim()), async || {
        let metrics = timeout(AT_ONCE, cluster.http(primary, "/metrics")).await;
        metrics.expect("the operations port answers").1.contains(&line)
    })
    .await;
}

async fn check_answers(cluster: &Cluster, primary: usize) {
    let status = timeout(AT_ONCE, cluster.status(primary)).await;
    assert!(status.expect("Status answers at once").is_some());
    let (code, _) = timeout(AT_ONCE, cluster.http(primary, "/healthz")).await.unwrap();
    assert!(code.contains("200"), "{code}");
}

/// Writes until the primary has let go of its backup.
async fn put_until_alone(cluster: &Cluster, primary: usize) {
    let mut client = cluster.client().await;
    until("the primary is alone", async || {
        let answer = timeout(10 * AT_ONCE, client.put(put("k", "v"))).await;
        let refused = answer.expect("a write is answered").unwrap_err();
        reason(&refused).0 == "TOO_FEW_COPIES"
    })
    .await;
    assert_eq!(cluster.status(primary).await.unwrap().members.len(), 1);
}

#[tokio::test]
async fn a_primary_with_too_few_copies_answers_and_its_sessions_expire() {
    let (mut cluster, primary) = strict_pair().await;
    open_session(&cluster, primary, 1000).await;
    cluster.kill(1 - primary);
    put_until_alone(&cluster, primary).await;
    for _ in 0..20 {
        check_answers(&cluster, primary).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    sessions_are(&cluster, primary, 0).await;

    cluster.start(1 - primary);
    assert_eq!(cluster.paired().await, primary);
    cluster.client().await.put(put("k", "v")).await.unwrap();
}

#[tokio::test]
async fn logged_time_goes_on_after_a_tick_that_waited_for_a_dropped_backup() {
    let (mut cluster, primary) = strict_pair().await;
    open_session(&cluster, primary, 1000).await;
    open_session(&cluster, primary, 4000).await;
    // The register is away, so that the backup cannot be dropped, and the first tick waits for it.
    let away = cluster.dir.path().join("away");
    std::fs::rename(cluster.register(), &away).unwrap();
    cluster.kill(1 - primary);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    sessions_are(&cluster, primary, 2).await;
    std::fs::rename(&away, cluster.register()).unwrap();
    sessions_are(&cluster, primary, 0).await;
}
