//! Replicas that are not torture's own.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use understudy_client::Client;
use understudy_client::proto::kv::v1::ListRequest;
use understudy_client::proto::kv::v1::list_request::Target;

use crate::harness::cluster::Cluster;
use crate::recorded::{count, reported};
use crate::{json, run};

#[tokio::test]
async fn replicas_of_others_are_tortured_with_commands_and_left_as_they_were() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster
        .replicas
        .iter()
        .map(|replica| replica.clients.as_str())
        .collect::<Vec<_>>()
        .join(",");
    let client = Client::connect(&endpoints).unwrap();
    // Somebody else's, so that the store's revisions are not torture's alone.
    for number in 0..5 {
        client.put(format!("mine/{number}"), "x").await.unwrap();
    }
    let marks = cluster.dir.path().join("injected");
    let history = cluster.dir.path().join("history.jsonl");
    let command = format!("echo injected >> {}", marks.display());
    let arguments = [
        "torture",
        "--endpoints",
        &endpoints,
        "--minutes",
        "0.15",
        "--seed",
        "4",
        "--fault",
        &command,
        "--fault",
        "echo no >&2; exit 3",
        "--history",
        history.to_str().unwrap(),
        "--output",
        "json",
    ];
    let ended = run(&arguments).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = json(&ended);
    assert_eq!(reported(&report), count(&history));

    // It says itself that the store had been used, and that others write.
    let again = run(&["check", "--history", history.to_str().unwrap()]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    let text = std::fs::read_to_string(&history).unwrap();
    let beginning = text.lines().find(|line| line.contains(r#""store":"#)).unwrap();
    let beginning: Value = serde_json::from_str(beginning).unwrap();
    assert!(beginning["store"]["revision"].as_u64().unwrap() >= 5, "{beginning}");
    assert_eq!(beginning["store"]["others"], true);

    let injected = std::fs::read_to_string(&marks).unwrap_or_default().lines().count();
    assert!(injected > 0, "{report}");
    assert_eq!(report["faults"]["command"], injected);
    let failed: Vec<_> =
        report["deeds"].as_array().unwrap().iter().filter(|deed| deed["done"] == false).collect();
    assert!(
        failed.iter().all(|deed| deed["note"].as_str().unwrap().ends_with("exit status: 3: no"))
    );
    assert_eq!(report["skipped"], failed.len());

    let keys = keys(&history);
    assert!(keys.len() >= 32, "{keys:?}");
    let locks = &report["locks"];
    assert!(locks["tenures"].as_u64().unwrap() > 0, "{locks}");
    let everything = Target::Prefix(Default::default());
    let all = client
        .list(ListRequest { target: Some(everything), ..ListRequest::default() })
        .await
        .unwrap()
        .kvs;
    let all: Vec<_> = all.iter().map(|kv| String::from_utf8_lossy(&kv.key)).collect();
    assert_eq!(all, ["mine/0", "mine/1", "mine/2", "mine/3", "mine/4"]);
}

/// Every key that is put in a history.
fn keys(history: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(history).unwrap();
    let operations = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let keys = operations.filter_map(|o| Some(o["action"]["put"]["key"].as_str()?.to_owned()));
    keys.collect()
}
