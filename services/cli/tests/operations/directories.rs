//! Data directories that are not what a replica may start on, and orders about them.

use crate::harness::cluster::{Cluster, progress};
use crate::harness::command::{copy, refuse, succeed, understudy, verified};
use crate::harness::judge::flawless;
use crate::steps::{halted, history, mark_halted, refused, stop, text, uri, value};

#[tokio::test]
async fn a_directory_of_a_newer_format_is_refused() {
    let (mut cluster, _, backup) = Cluster::pair().await;
    cluster.kill(backup);
    let identity = cluster.replicas[backup].data.join("identity");
    let mut bytes = std::fs::read(&identity).unwrap();
    bytes[8] += 1;
    std::fs::write(&identity, bytes).unwrap();
    refused(&mut cluster, backup, "start a newer understudy").await;
}

#[tokio::test]
async fn a_directory_in_use_is_refused() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    cluster.kill(backup);
    let other = cluster.replicas[primary].data.clone();
    let own = std::mem::replace(&mut cluster.replicas[backup].data, other);
    let holder = cluster.replicas[primary].pid().to_string();
    refused(&mut cluster, backup, &format!("in use by process {holder}")).await;
    let data = text(&cluster.replicas[primary].data).to_owned();
    refuse(&["recover", "clear-halt", "--data", &data], "in use");
    cluster.replicas[backup].data = own;
    cluster.start(backup);
    assert_eq!(cluster.complete().await, primary);
}

#[tokio::test]
async fn a_copied_directory_is_refused_until_it_is_accepted_by_order() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    cluster.client().put("k", "v").await.unwrap();
    cluster.kill(backup);
    let data = cluster.replicas[backup].data.clone();
    let original = data.with_extension("original");
    std::fs::rename(&data, &original).unwrap();
    copy(&original, &data);
    refused(&mut cluster, backup, "was copied or restored").await;

    let id = verified(&data)["cluster"].as_str().unwrap().to_owned();
    let order = ["recover", "accept-copy", "--data", text(&data)];
    refuse(&order, "nobody to ask");
    let asked = understudy(&order);
    assert!(asked.err.contains("nobody was asked whether it runs: no --register"), "{asked:?}");
    refuse(&[&order[..], &["--yes", "0123"]].concat(), "nothing was done");
    refused(&mut cluster, backup, "was copied or restored").await;
    std::fs::remove_dir_all(&original).unwrap();
    let before = succeed(&["log", text(&data)]);
    succeed(&[&order[..], &["--yes", &id]].concat());
    assert_eq!(succeed(&["log", text(&data)]), before, "accepting changes no entry");
    cluster.start(backup);
    assert_eq!(cluster.complete().await, primary);
}

#[tokio::test]
async fn a_copy_is_not_accepted_while_its_original_runs() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let register = uri(&cluster.register);
    for number in [primary, backup] {
        let data = &cluster.replicas[number].data;
        let id = verified(data)["cluster"].as_str().unwrap().to_owned();
        let other = data.with_extension("copied");
        copy(data, &other);
        let order = ["recover", "accept-copy", "--data", text(&other), "--yes", &id];
        let order = [&order[..], &["--register", &register]].concat();
        let at = format!("at {}", cluster.replicas[number].clients);
        let told = understudy(&order);
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(told.err.contains("the original runs") && told.err.contains(&at), "{told:?}");
        refuse(&["recover", "clear-halt", "--data", text(&other)], "was copied or restored");
    }
    // Once it is gone, the copy may stand for it.
    cluster.kill(backup);
    let data = cluster.replicas[backup].data.clone();
    let id = verified(&data)["cluster"].as_str().unwrap().to_owned();
    let other = data.with_extension("copied");
    let order = ["recover", "accept-copy", "--data", text(&other), "--yes", &id];
    succeed(&[&order[..], &["--register", &register]].concat());
    std::fs::remove_dir_all(&data).unwrap();
    cluster.replicas[backup].data = other;
    cluster.start(backup);
    assert_eq!(cluster.complete().await, primary);
}

#[tokio::test]
async fn a_directory_of_another_cluster_halts_its_replica() {
    let (mut one, _, backup) = Cluster::pair().await;
    one.client().put("k", "one").await.unwrap();
    one.kill(backup);
    let foreign = {
        let mut other = Cluster::another(2);
        other.start_all();
        other.complete().await;
        history(&mut other).await;
        let moved = one.dir.path().join("foreign");
        std::fs::rename(&other.replicas[0].data, &moved).unwrap();
        moved
    };
    let own = std::mem::replace(&mut one.replicas[backup].data, foreign);
    one.start(backup);
    halted(&one, backup, "the register is").await;
    assert_eq!(value(&one, "k").await, "one");
    one.kill(backup);
    one.replicas[backup].data = own;
    one.start(backup);
    one.complete().await;
}

#[tokio::test]
async fn damage_is_found_set_aside_and_healed_by_the_other_replica() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    let load = cluster.load(4);
    progress(&load, 300).await;
    cluster.kill(backup);
    let data = cluster.replicas[backup].data.clone();
    assert_eq!(verified(&data)["problems"].as_array().unwrap().len(), 0);
    let segment = verified(&data)["segments"][0]["file"].as_str().unwrap().to_owned();
    let mut bytes = std::fs::read(data.join(&segment)).unwrap();
    // In the first record after the header, far below what is known to be durable.
    bytes[4096 + 40] ^= 1;
    std::fs::write(data.join(&segment), bytes).unwrap();

    let report = verified(&data);
    assert_eq!(report["problems"][0]["file"], segment.as_str());
    assert_eq!(report["problems"][0]["index"], 1);
    assert_eq!(understudy(&["verify", text(&data)]).code, Some(1));
    cluster.start(backup);
    assert_eq!(cluster.complete().await, primary, "it comes back as another copy");
    let aside = data.with_extension("set-aside-1");
    assert_eq!(verified(&aside)["problems"][0]["index"], 1, "nothing was erased");
    assert_ne!(verified(&aside)["incarnation"], verified(&data)["incarnation"]);
    progress(&load, 100).await;
    flawless(&load.finish().await);
}

#[tokio::test]
async fn a_halted_replica_stays_halted_until_ordered() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    cluster.client().put("k", "v").await.unwrap();
    cluster.kill(backup);
    let data = cluster.replicas[backup].data.clone();
    mark_halted(&data);

    for _ in 0..2 {
        cluster.start(backup);
        halted(&cluster, backup, "the digest differs").await;
        cluster.kill(backup);
    }
    let id = verified(&data)["cluster"].as_str().unwrap().to_owned();
    let order = ["recover", "clear-halt", "--data", text(&data), "--yes", &id];
    succeed(&order);
    refuse(&order, "has not halted");
    cluster.start(backup);
    assert_eq!(cluster.complete().await, primary);
    assert_eq!(value(&cluster, "k").await, "v");
}

#[tokio::test]
async fn the_log_is_printed_entry_by_entry() {
    let (mut cluster, primary, _) = Cluster::pair().await;
    let client = cluster.client();
    client.put("city", "Paris").if_absent().await.unwrap();
    client.txn().if_value("city", "Paris").then_put("city", "Rome").await.unwrap();
    stop(&mut cluster);
    let data = text(&cluster.replicas[primary].data).to_owned();
    let lines = succeed(&["log", &data]);
    assert!(lines.contains(r#"put "city" = "Paris""#), "{lines}");
    assert!(lines.contains(r#"txn if value of "city" = "Paris" {put "city" = "Rome"}"#), "{lines}");
    let second = succeed(&["log", "--from", "2", "--limit", "1", "--output", "json", &data]);
    let second: serde_json::Value = serde_json::from_str(&second).unwrap();
    assert_eq!(second["index"], 2);
    // Reading changes nothing, not even who has opened it.
    assert_eq!(
        verified(&cluster.replicas[primary].data),
        verified(&cluster.replicas[primary].data)
    );
    assert_eq!(succeed(&["log", &data]), lines);
}
