//! More requests than can be answered.

use tonic::Code;
use tonic_types::StatusExt;

use crate::common::{Cluster, admin, get, key_values, put, reason, until};

/// Has every write wait: the backup is gone and the register, too.
pub async fn stuck(waiting: u64) -> (Cluster, usize) {
    let mut cluster = Cluster::new(2);
    for args in &mut cluster.args {
        args.max_waiting = Some(waiting);
    }
    cluster.start_all();
    let primary = cluster.paired().await;
    cluster.client().await.put(put("k", "v")).await.unwrap();
    std::fs::rename(cluster.register(), cluster.dir.path().join("away")).unwrap();
    cluster.kill(1 - primary);
    (cluster, primary)
}

pub fn repair(cluster: &Cluster) {
    std::fs::rename(cluster.dir.path().join("away"), cluster.register()).unwrap();
}

pub async fn waiting(cluster: &Cluster, replica: usize) -> String {
    let (_, text) = cluster.http(replica, "/metrics").await;
    let name = "understudy_waiting_requests ";
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_string()
}

#[tokio::test]
async fn requests_beyond_the_bound_are_turned_away_and_the_others_are_answered_in_the_end() {
    let (cluster, primary) = stuck(4).await;
    let client = key_values(&cluster.clients(primary)).await.unwrap();
    let mut tasks = Vec::new();
    for n in 0..4 {
        // A connection takes no more permits than it leaves free.
        let mut client = key_values(&cluster.clients(primary)).await.unwrap();
        let put = put(&format!("k{n}"), "v");
        tasks.push(tokio::spawn(async move { client.put(put).await }));
    }
    until("all permits are taken", async || waiting(&cluster, primary).await == "4").await;

    let refused = client.clone().get(get("k")).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(reason(&refused).0, "OVERLOADED");
    let retry = refused.get_details_retry_info().unwrap().retry_delay;
    assert!(retry.is_some_and(|delay| !delay.is_zero()));
    let mut operator = admin(&cluster.clients(primary)).await.unwrap();
    operator
        .status(understudy_proto::admin::v1::StatusRequest {})
        .await
        .expect("operators are not kept out");
    let request = understudy_proto::admin::v1::ListOwnersRequest::default();
    let owners = tokio::spawn(async move { operator.list_owners(request).await });
    until("an operator's read waits, too", async || waiting(&cluster, primary).await == "5").await;

    repair(&cluster);
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    owners.await.unwrap().expect("operators have permits of their own");
    let got = client.clone().get(get("k3")).await.unwrap().into_inner();
    assert!(got.kv.is_some());
}

#[tokio::test]
async fn clients_that_go_away_leave_nothing_behind() {
    let (cluster, primary) = stuck(64).await;
    let client = key_values(&cluster.clients(primary)).await.unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let mut client = client.clone();
            tokio::spawn(async move {
                let _ = client.put(put(&format!("k{n}"), "v")).await;
                let _ = client.get(get("k")).await;
            })
        })
        .collect();
    until("they wait", async || waiting(&cluster, primary).await == "20").await;
    for task in tasks {
        task.abort();
    }
    repair(&cluster);
    until("nothing waits", async || waiting(&cluster, primary).await == "0").await;
    client.clone().put(put("k", "w")).await.unwrap();
}
