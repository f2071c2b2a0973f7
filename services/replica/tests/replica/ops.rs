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

/// Where the documentation has the metrics.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
const BEGIN: &str = "<!-- metrics: generated, see services/replica/tests/replica/ops.rs -->\n";
const END: &str = "<!-- end of metrics -->";

#[tokio::test]
async fn the_documented_metrics_are_the_ones_there_are() {
    let cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    until("a follower has its line", async || {
        cluster.http(primary, "/metrics").await.1.contains("understudy_follower_durable_index")
    })
    .await;
    let (_, text) = cluster.http(primary, "/metrics").await;
    let kind = |name: &str| {
        let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        kinds.filter(|(of, _)| *of == name).map(|(_, kind)| kind).collect::<String>()
    };
    let mut metrics: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# HELP ")?.split_once(' '))
        .map(|(name, help)| format!("| `{name}` | {} | {help} |\n", kind(name)))
        .collect();
    metrics.sort();
    let table = format!("| metric | kind | |\n| --- | --- | --- |\n{}", metrics.concat());

    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (documented, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        return std::fs::write(PAGE, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    }
    let renew = "UPDATE_DOCS=1 cargo test -p understudy-replica --test replica documented_metrics";
    assert!(documented == table, "docs/operations.md is old, renew it with {renew}: {table}");
}
