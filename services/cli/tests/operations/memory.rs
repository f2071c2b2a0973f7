//! A store that has taken all the memory that there is for it.

use std::future::IntoFuture as _;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use serde_json::Value;
use understudy_client::proto::admin::v1::{Role, StatusResponse};
use understudy_client::proto::kv::v1::ErrorReason;
use understudy_client::{Client, Error};

use crate::harness::cluster::Cluster;
use crate::harness::command::{refuse, succeed};

/// What a pod of a small cluster has.
const LIMIT: u64 = 700 << 20;
const MIB: usize = 1 << 20;

/// A memory control group for each replica, which goes after the replica.
#[derive(Default)]
struct Groups(Vec<PathBuf>);

impl Groups {
    /// Makes them where this system lets a test make some; else says so.
    fn limit(&mut self, cluster: &mut Cluster) {
        for replica in &mut cluster.replicas {
            replica.group = self.make(&replica.name);
        }
        if cluster.replicas.iter().any(|replica| replica.group.is_none()) {
            println!("SKIPPED: a memory control group may not be made here; the option has to do");
            cluster.replicas.iter_mut().for_each(|replica| replica.group = None);
            cluster.extra = ["--memory-limit".into(), LIMIT.to_string()].into();
        }
    }

    fn make(&mut self, replica: &str) -> Option<PathBuf> {
        let name = format!("understudy-test-{}-{replica}", std::process::id());
        let trees =
            [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
        trees.into_iter().find_map(|(tree, file)| {
            let (tree, group) = (Path::new(tree), Path::new(tree).join(&name));
            if !tree.join("cgroup.procs").exists() {
                return None;
            }
            std::fs::create_dir(&group).ok()?;
            self.0.push(group.clone());
            let limited = std::fs::write(group.join(file), LIMIT.to_string()).is_ok();
            limited.then_some(group)
        })
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for group in &self.0 {
            let _ = std::fs::remove_dir(group);
        }
    }
}

fn key(number: usize) -> String {
    format!("key-{number:06}")
}

/// Writes values of a MiB until one is refused for want of memory; gives the numbers of those that were not.
async fn fill(client: &Client) -> Vec<usize> {
    let mut filled = Vec::new();
    for first in (0..).step_by(8) {
        let put = |number| client.put(key(number), vec![number as u8; MIB]).into_future();
        let numbers = first..first + 8;
        let answers = join_all(numbers.clone().map(put)).await;
        for (number, answer) in numbers.zip(&answers) {
            match answer {
                Ok(_) => filled.push(number),
                Err(error) => assert!(is_full(error), "{error}"),
            }
        }
        if answers.iter().any(Result::is_err) {
            break;
        }
    }
    filled
}

fn is_full(error: &Error) -> bool {
    matches!(error, Error::Rejected(rejection) if rejection.reason == Some(ErrorReason::QuotaExceeded))
}

/// No replica has ever had more than the limit.
#[track_caller]
fn within_the_limit(cluster: &Cluster, when: &str) {
    for replica in &cluster.replicas {
        let (most, now) = (replica.most_resident(), replica.resident());
        println!("{when}: {} has {} MiB, at most {}", replica.name, now >> 20, most >> 20);
        assert!(most < LIMIT, "{} had {} MiB {when}", replica.name, most >> 20);
    }
}

/// All of them are there.
async fn all_there(client: &Client, numbers: &[usize]) {
    for number in numbers {
        let found = client.get(key(*number)).await.unwrap();
        assert_eq!(found.kv.expect("it was written").value.len(), MIB, "{number}");
    }
}

#[tokio::test]
async fn a_store_that_took_all_its_memory_restarts_serves_and_fails_over() {
    let mut groups = Groups::default();
    let mut cluster = Cluster::new(2).await;
    groups.limit(&mut cluster);
    // Whoever was away is fed a snapshot.
    cluster.extra.extend(["--retain-entries", "0"].map(Into::into));
    cluster.start_all();
    cluster.complete().await;
    let client = cluster.client();
    let mut filled = fill(&client).await;
    println!("{} values of a MiB", filled.len());
    assert!(filled.len() > 300, "{} MiB only", filled.len());
    within_the_limit(&cluster, "filled");

    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let read = |arguments: &[&str]| -> Value {
        let json = ["--output", "json"];
        serde_json::from_str(&succeed(&[arguments, &at, &json].concat())).unwrap()
    };
    let quota = read(&["quota"]);
    let (most, used) = (&quota["memory_bytes"], &quota["used"]["memory_bytes"]);
    assert!(used.as_u64().unwrap() <= most.as_u64().unwrap(), "{quota}");
    let shown = read(&["status"]);
    for replica in shown["replicas"].as_array().unwrap() {
        assert_eq!(replica["memory"]["limit"], LIMIT, "{replica}");
        assert_eq!(replica["memory"]["store"], *most, "{replica}");
        assert!(replica["memory"]["resident"].as_u64().unwrap() > 300 << 20, "{replica}");
    }
    let big = "v".repeat(100_000);
    for number in 0..20 {
        if client.put(format!("small-{number}"), big.clone()).await.is_err() {
            break;
        }
    }
    refuse(&["put", "more", &big, at[0], at[1]], "the replica with the least");
    client.delete(key(filled.pop().unwrap())).await.unwrap();
    client.put("more", big.repeat(2)).await.unwrap();

    // Both at once, as the kernel would end them.
    [0, 1].into_iter().for_each(|number| cluster.kill(number));
    cluster.start_all();
    let primary = cluster.complete().await;
    within_the_limit(&cluster, "after a restart");
    all_there(&client, &filled).await;
    assert!(is_full(&client.put("one too many", vec![0; MIB]).await.unwrap_err()));
    client.put(key(0), vec![1; MIB]).await.unwrap();

    let last = cluster.status(primary).await.unwrap().positions.unwrap().last;
    cluster.kill(primary);
    cluster.until(1 - primary, "takes over", |status| status.role() == Role::Primary).await;
    for numbers in filled[..80].chunks(8) {
        let put = |number: &usize| client.put(key(*number), vec![2; MIB]).into_future();
        let answers = join_all(numbers.iter().map(put)).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    }
    let goes_on = |status: &StatusResponse| status.positions.unwrap().first > last + 1;
    cluster.until(1 - primary, "has no log for who was away", goes_on).await;

    // It has a full store, and is fed another one.
    cluster.start(primary);
    cluster.complete().await;
    within_the_limit(&cluster, "fed what it missed");

    // A blank replacement is fed all of it.
    cluster.kill(primary);
    std::fs::remove_dir_all(&cluster.replicas[primary].data).unwrap();
    cluster.start(primary);
    cluster.complete().await;
    within_the_limit(&cluster, "with a new backup");
    cluster.kill(1 - primary);
    cluster.until(primary, "takes over", |status| status.role() == Role::Primary).await;
    all_there(&client, &filled).await;
}

/// What the cluster's store may take, MiB.
async fn for_the_store(cluster: &Cluster, number: usize, what: &str, mib: u64) {
    let wanted = mib << 20;
    let bound = |status: &StatusResponse| status.usage.unwrap_or_default().max_memory_bytes;
    cluster.until(number, what, |status| bound(status) == wanted).await;
}

#[tokio::test]
async fn the_replica_with_the_least_memory_bounds_the_store_for_all() {
    let mut cluster = Cluster::new(2).await;
    let limit = |mib: u64| vec!["--memory-limit".to_owned(), (mib << 20).to_string()];
    cluster.extra = limit(700);
    cluster.start(0);
    cluster.extra = limit(256);
    cluster.start(1);
    let primary = cluster.complete().await;
    for number in [0, 1] {
        for_the_store(&cluster, number, "has the least", 112).await;
    }
    // A primary that has more keeps to what the backup had, until that is named no more.
    if primary == 1 {
        cluster.kill(1);
        cluster.until(0, "takes over", |status| status.role() == Role::Primary).await;
        cluster.extra = limit(256);
        cluster.start(1);
        cluster.complete().await;
    }
    cluster.kill(1);
    let client = cluster.client();
    client.put("key", "value").await.unwrap();
    for_the_store(&cluster, 0, "is alone", 361).await;
    cluster.extra = limit(300);
    cluster.start(1);
    cluster.complete().await;
    for number in [0, 1] {
        for_the_store(&cluster, number, "has company", 136).await;
    }
}

#[tokio::test]
async fn a_replica_with_too_little_memory_does_not_start_and_says_what_it_needs() {
    let mut cluster = Cluster::new(1).await;
    cluster.extra = ["--memory-limit", "268435455"].map(Into::into).into();
    cluster.start(0);
    assert_eq!(cluster.replicas[0].ended().await.code(), Some(1));
    let said = cluster.replicas[0].logged();
    assert!(said.contains("are too few for a replica: give it 256 MiB at least"), "{said}");
    assert!(!cluster.replicas[0].data.exists(), "nothing was begun");
}
