//! The operations port.

use understudy_proto::admin::v1::Role;

use crate::common::{Cluster, get, put, until};

#[tokio::test]
async fn probes_and_metrics_tell_how_a_replica_is() {
    let cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    for n in 0..10 {
        cluster.client().await.put(put("k", &n.to_string())).await.unwrap();
    }
    cluster.client().await.get(get("k")).await.unwrap();
    cluster.until_role(1 - primary, Role::Backup).await;
    for replica in 0..2 {
        assert_eq!(cluster.http(replica, "/healthz").await.1, "ok\n");
        assert_eq!(cluster.http(replica, "/livez").await.1, "ok\n");
        let (code, _) = cluster.http(replica, "/readyz").await;
        assert!(code.contains("200"), "{code}");
    }
    until("the figures are published", async || {
        let (code, text) = cluster.http(primary, "/metrics").await;
        assert!(code.contains("200"), "{code}");
        [
            "understudy_role{role=\"primary\"} 1",
            "understudy_role{role=\"backup\"} 0",
            "understudy_acknowledged_total 10",
            "understudy_reads_total 1",
            "understudy_members 2",
            "understudy_solo 0",
            "understudy_keys 1",
            "understudy_revision 10",
            "understudy_fsync_seconds_count",
            "understudy_log_lines_lost 0",
            "understudy_log_lines_left_out 0",
        ]
        .iter()
        .all(|line| text.contains(line))
    })
    .await;
    assert!(cluster.http(primary, "/nothing").await.0.contains("404"));
}

#[tokio::test]
async fn a_replica_without_a_register_is_well_and_not_ready() {
    let mut cluster = Cluster::without_register(2);
    cluster.start(0);
    until("it listens", async || cluster.status(0).await.is_some()).await;
    until("it says why", async || cluster.status(0).await.unwrap().reason.contains("register"))
        .await;
    assert!(cluster.http(0, "/healthz").await.0.contains("200"));
    let (code, body) = cluster.http(0, "/readyz").await;
    assert!(code.contains("503") && body.contains("register"), "{code} {body}");
}
