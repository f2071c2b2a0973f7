//! `understudy mode`.

use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::Cluster;
use crate::harness::command::{succeed, understudy};
use crate::harness::wait;

#[tokio::test]
async fn how_the_cluster_replicates_is_shown_and_changed_while_it_serves() {
    let mut cluster = Cluster::new(3).await;
    cluster.start_all();
    cluster.complete().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let run = |arguments: &[&str]| succeed(&[arguments, &at].concat());
    let shown = run(&["mode"]);
    assert_eq!(
        shown,
        "execution        sync\nacknowledgement  durable\nbackups          hot\nsync backups     1\nmin copies       1\n"
    );
    let changed = run(&["mode", "--sync-backups", "2", "--output", "json"]);
    let changed: serde_json::Value = serde_json::from_str(&changed).unwrap();
    assert_eq!((&changed["sync_backups"], &changed["min_copies"]), (&2.into(), &1.into()));
    let primary = wait::until("three copies", || async {
        for number in 0..3 {
            let status = cluster.status(number).await?;
            if status.role() == Role::Primary && status.members.len() == 3 {
                return Some(number);
            }
        }
        None
    })
    .await;
    run(&["mode", "--min-copies", "2"]);
    (0..3).filter(|number| *number != primary).for_each(|number| cluster.kill(number));
    wait::until("a refusal", || async {
        let put = ["put", "k", "v", "--deadline", "300ms", at[0], at[1]];
        let refused = understudy(&put);
        refused.err.contains("fewer copies than min_copies").then_some(())
    })
    .await;
    run(&["mode", "--min-copies", "1"]);
    run(&["put", "k", "v"]);
    let changed = run(&["mode", "--max-tail-bytes", "4096", "--output", "json"]);
    let changed: serde_json::Value = serde_json::from_str(&changed).unwrap();
    assert_eq!((&changed["max_tail_bytes"], &changed["max_tail_ms"]), (&4096.into(), &1000.into()));
    // More copies than there are replicas to hold them.
    for (option, count) in [("--sync-backups", "3"), ("--sync-backups", "8")] {
        let refused = understudy(&["mode", option, count, at[0], at[1]]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let why = format!("sync_backups is {count}, and 2 other replica(s) are configured");
        assert!(refused.err.contains(&why), "{refused:?}");
    }
    assert!(run(&["mode"]).contains("sync backups     2\n"));
    let wrong = understudy(&["mode", "--sync-backups", "9", at[0], at[1]]);
    assert!(wrong.err.contains("sync_backups is 9: it must be 1 to 8"), "{wrong:?}");
}
