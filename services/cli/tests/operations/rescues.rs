//! Orders to recover that would cost data which is still there: each is refused, and says what it is.

use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::Cluster;
use crate::harness::command::{copy, refuse, succeed, understudy, verified};
use crate::steps::{stop, text, uri, value};

/// A primary that serves alone, and has what its dropped backup, which is stopped, has not.
async fn alone() -> (Cluster, usize, usize, String) {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    cluster.client().put("k", "both have it").await.unwrap();
    cluster.kill(backup);
    cluster.client().put("k", "only one has it").await.unwrap();
    cluster.until(primary, "serves alone", |s| s.members.len() == 1).await;
    let id = verified(&cluster.replicas[backup].data)["cluster"].as_str().unwrap().to_owned();
    (cluster, primary, backup, id)
}

/// The arguments of an order about a replica's directory.
fn order(cluster: &Cluster, order: &str, number: usize, id: &str) -> Vec<String> {
    let data = text(&cluster.replicas[number].data);
    let register = uri(&cluster.register);
    ["recover", order, "--data", data, "--register", &register, "--yes", id]
        .map(str::to_owned)
        .into()
}

fn words(order: &[String]) -> Vec<&str> {
    order.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn a_dropped_copy_does_not_win_over_a_primary_that_acts() {
    let (mut cluster, primary, backup, id) = alone().await;
    let order = order(&cluster, "only-member", backup, &id);
    let at = &cluster.replicas[primary].clients;
    refuse(&words(&order), &format!("answers as primary at {at}"));
    cluster.start(backup);
    assert_eq!(cluster.complete().await, primary, "the copy joins");
    assert_eq!(value(&cluster, "k").await, "only one has it");
}

#[tokio::test]
async fn nor_over_one_that_acts_while_the_register_is_lost() {
    let (cluster, primary, backup, id) = alone().await;
    std::fs::remove_dir_all(&cluster.register).unwrap();
    let mut order = order(&cluster, "only-member", backup, &id);
    let at = &cluster.replicas[primary].clients;
    order.extend(["--endpoints".into(), format!("{at},{}", cluster.replicas[backup].clients)]);
    refuse(&words(&order), &format!("answers as primary at {at}"));
    assert!(!cluster.register.exists());
    assert_eq!(value(&cluster, "k").await, "only one has it");
}

#[tokio::test]
async fn a_dropped_copy_that_must_win_does_by_a_further_word() {
    let (mut cluster, primary, backup, id) = alone().await;
    let mut order = order(&cluster, "only-member", backup, &id);
    order.push("--even-if-others-run".into());
    let told = understudy(&words(&order));
    assert_eq!(told.code, Some(0), "{told:?}");
    let name = &cluster.replicas[primary].name;
    assert!(told.err.contains(&format!("what only this one has: {name} answers as")), "{told:?}");
    cluster.start(backup);
    // What the other one holds contradicts what this one goes on with: it stops until it is set aside, too.
    cluster.until(primary, "stops", |s| s.role() == Role::Halted).await;
    cluster.kill(primary);
    succeed(&words(&self::order(&cluster, "set-aside", primary, &id)));
    cluster.start(primary);
    assert_eq!(cluster.complete().await, backup);
    assert_eq!(value(&cluster, "k").await, "both have it");
}

#[tokio::test]
async fn the_only_copy_is_not_set_aside() {
    let (mut cluster, primary, backup, id) = alone().await;
    cluster.kill(primary);
    let mut only = order(&cluster, "set-aside", primary, &id);
    refuse(&words(&only), "the register names this copy alone");
    // The other one may be, and as often as it likes.
    succeed(&words(&order(&cluster, "set-aside", backup, &id)));
    cluster.start_all();
    assert_eq!(cluster.complete().await, primary);
    assert_eq!(value(&cluster, "k").await, "only one has it");

    stop(&mut cluster);
    succeed(&words(&order(&cluster, "set-aside", backup, &id)));
    cluster.start(primary);
    cluster.until(primary, "serves alone", |s| s.members.len() == 1).await;
    cluster.kill(primary);
    only.push("--even-if-only-copy".into());
    let told = understudy(&words(&only));
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.err.contains("all data up to entry"), "{told:?}");
    let data = &cluster.replicas[primary].data;
    assert!(data.with_extension("set-aside-1").exists() && !data.exists());
}

#[tokio::test]
async fn a_copy_is_not_set_aside_while_nobody_knows_whether_it_is_the_only_one() {
    let (mut cluster, primary, backup, id) = alone().await;
    cluster.kill(primary);
    let order = order(&cluster, "set-aside", backup, &id);
    let silent: Vec<&str> =
        words(&order).into_iter().filter(|word| !word.contains("regist")).collect();
    refuse(&silent, "no --register is given");
    let away = cluster.register.with_extension("away");
    std::fs::rename(&cluster.register, &away).unwrap();
    refuse(&words(&order), "there is no register");
    succeed(&["register", "create", text(&cluster.register)]);
    refuse(&words(&order), "the register is blank");
    std::fs::remove_dir_all(&cluster.register).unwrap();
    std::fs::rename(&away, &cluster.register).unwrap();
    succeed(&words(&order));
}

#[tokio::test]
async fn a_copy_whose_original_acts_is_set_aside() {
    let (mut cluster, primary, backup, id) = alone().await;
    let data = &cluster.replicas[backup].data;
    std::fs::remove_dir_all(data).unwrap();
    copy(&cluster.replicas[primary].data, data);
    succeed(&words(&order(&cluster, "set-aside", backup, &id)));
    cluster.start(backup);
    assert_eq!(cluster.complete().await, primary);
    assert_eq!(value(&cluster, "k").await, "only one has it");
}
