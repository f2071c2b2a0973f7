//! `understudy session`, and the shares of what clients may have together.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tonic::transport::Channel;
use tonic::{Code, Status};
use understudy_client::proto::kv::v1::session_service_client::SessionServiceClient;
use understudy_client::proto::kv::v1::{ErrorReason, OpenSessionRequest};
use understudy_client::{Client, Error, Options};

use crate::harness::cluster::Cluster;
use crate::harness::command::{refuse, succeed, understudy};

/// A connection to one replica, which opens sessions and keeps no account of them.
struct Opener(SessionServiceClient<Channel>);

impl Opener {
    async fn connect(address: &str) -> Self {
        Opener(SessionServiceClient::connect(format!("http://{address}")).await.unwrap())
    }

    async fn open(&mut self) -> Result<u64, Status> {
        let request = OpenSessionRequest { ttl_ms: 3_600_000 };
        Ok(self.0.open_session(request).await?.into_inner().session_id)
    }

    /// As many as it gets; and why it gets no more.
    async fn open_all(&mut self) -> (Vec<u64>, Status) {
        let mut opened = Vec::new();
        loop {
            match self.open().await {
                Ok(id) => opened.push(id),
                Err(refused) => return (opened, refused),
            }
        }
    }
}

/// Runs the command against a cluster.
fn run(cluster: &Cluster, arguments: &[&str]) -> String {
    let endpoints = cluster.endpoints().addresses().join(",");
    succeed(&[arguments, &["--endpoints", &endpoints]].concat())
}

/// The lines of JSON that it prints.
fn read(cluster: &Cluster, arguments: &[&str]) -> Vec<Value> {
    let out = run(cluster, &[arguments, &["--output", "json"]].concat());
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn one_address_leaves_sessions_and_leases_to_the_others_also_after_a_failover() {
    let (mut cluster, primary, backup) = Cluster::pair().await;
    run(&cluster, &["quota", "set", "--max-sessions", "20", "--max-leases", "8"]);
    let mut greedy = Opener::connect(&cluster.replicas[primary].clients).await;
    let (opened, refused) = greedy.open_all().await;
    assert_eq!(opened.len(), 15, "three quarters of what the others leave");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    for said in ["127.0.0.1", "15 sessions", "understudy quota"] {
        assert!(refused.message().contains(said), "{said} in {}", refused.message());
    }
    let elsewhere = Options::default().local_address([127, 0, 0, 2].into());
    let honest = Client::new(&cluster.endpoints(), elsewhere.clone());
    honest.put("key", "value").await.unwrap();
    let hour = Duration::from_secs(3600);
    for _ in 0..6 {
        honest.grant_lease(hour, 0).await.unwrap();
    }
    let Err(Error::Rejected(refused)) = honest.grant_lease(hour, 0).await else {
        panic!("granted")
    };
    assert_eq!(refused.reason, Some(ErrorReason::QuotaExceeded));
    let told = |name: &str| refused.metadata[name].as_str();
    assert_eq!([told("quota"), told("owner")], ["max_owner_percent", "127.0.0.2"]);
    assert_eq!([told("limit"), told("used")], ["6", "7"]);
    let refused = honest.put("key", "value").ttl(hour).await.unwrap_err().to_string();
    assert!(refused.contains("the share of 127.0.0.2 is used up"), "{refused}");

    cluster.signal(primary, Signal::KILL);
    let mut greedy = Opener::connect(&cluster.replicas[backup].clients).await;
    cluster.until(backup, "acts", |status| status.role == 8).await;
    assert_eq!(greedy.open().await.unwrap_err().code(), Code::ResourceExhausted);
    let another = Client::new(&cluster.endpoints(), elsewhere);
    another.put("key", "another").await.unwrap();
    // Reap it before the cluster goes.
    cluster.kill(primary);
}

#[tokio::test]
async fn operators_see_whose_sessions_there_are_and_close_them() {
    let (cluster, primary, _) = Cluster::pair().await;
    let mut opener = Opener::connect(&cluster.replicas[primary].clients).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(opener.open().await.unwrap());
    }
    let elsewhere = Options::default().local_address([127, 0, 0, 2].into());
    let other = Client::new(&cluster.endpoints(), elsewhere);
    other.put("key", "value").await.unwrap();
    other.grant_lease(Duration::from_secs(60), 0).await.unwrap();

    let listed = |arguments: &[&str]| -> Vec<u64> {
        let lines = read(&cluster, &[&["session", "list"], arguments].concat());
        lines.iter().filter_map(|line| line["session_id"].as_u64()).collect()
    };
    assert_eq!(listed(&["--owner", "127.0.0.1"]), ids);
    assert_eq!(listed(&["--limit", "2"]), ids[..2]);
    assert_eq!(listed(&[]).len(), 6);
    assert_eq!(listed(&["--owner", "10.0.0.7"]), [0; 0]);
    let shown = &read(&cluster, &["session", "list", "--owner", "127.0.0.2"])[0];
    assert_eq!((&shown["owner"], &shown["ttl_ms"]), (&"127.0.0.2".into(), &60_000.into()));
    assert!(shown["held_answers"].as_u64().unwrap() >= 1, "{shown}");
    assert!(shown["remaining_ms"].as_u64().unwrap() <= 60_000, "{shown}");
    let text = run(&cluster, &["session", "list", "--limit", "1"]);
    assert!(text.starts_with(&format!("{}\t127.0.0.1\t", ids[0])), "{text}");

    let owners = read(&cluster, &["quota", "owners"]);
    let of = |owner: &str| owners.iter().find(|line| line["owner"] == owner).unwrap().clone();
    assert_eq!(of("127.0.0.1")["sessions"], 5);
    assert_eq!((&of("127.0.0.2")["sessions"], &of("127.0.0.2")["leases"]), (&1.into(), &1.into()));
    let table = run(&cluster, &["quota", "owners"]);
    assert!(table.lines().next().unwrap().starts_with("OWNER"), "{table}");

    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    run(&cluster, &["session", "close", &ids[1].to_string()]);
    assert_eq!(listed(&["--owner", "127.0.0.1"]), [&ids[..1], &ids[2..]].concat());
    run(&cluster, &["session", "close", &ids[1].to_string()]);
    refuse(&["session", "close", "1000000", at[0], at[1]], "session 1000000 never existed");
    let wrong = understudy(&["session", "list", "--limit", "0", at[0], at[1]]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");

    // A client whose session was closed goes on with another one.
    let closed = shown["session_id"].to_string();
    run(&cluster, &["session", "close", &closed]);
    other.put("key", "again").await.ok();
    other.put("key", "again").await.unwrap();
}
