//! A log that cannot be written, and the signal of those who rotate logs, stop nobody.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use rustix::process::Signal;

use crate::harness::cluster::{Cluster, progress};
use crate::harness::command::{succeed, understudy};
use crate::harness::replica::Log;
use crate::harness::wait;

/// A metric of a replica, 0 where there is none.
pub fn metric(cluster: &Cluster, number: usize, name: &str) -> u64 {
    let ops = &cluster.replicas[number].ops;
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(ops)?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    let text = ask().unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |value| value.trim().parse().unwrap())
}

/// Writes until lines of both replicas' logs were lost.
async fn lose_lines(cluster: &Cluster) {
    let load = cluster.load(16);
    wait::until("both replicas have lost lines of their logs", || async {
        let lost = |number| metric(cluster, number, "understudy_log_lines_lost") > 0;
        (lost(0) && lost(1)).then_some(())
    })
    .await;
    progress(&load, 50).await;
    load.finish().await;
}

async fn serves_on_with(log: Log) {
    let mut cluster = Cluster::new(2).await;
    if log == Log::Stalled {
        // Enough lines to fill a pipe.
        cluster.extra = ["--log", "trace"].map(Into::into).into();
    }
    cluster.replicas.iter_mut().for_each(|replica| replica.to = log);
    cluster.start_all();
    let first = cluster.complete().await;
    let pids = cluster.pids();
    let endpoints = cluster.endpoints().addresses().join(",");
    lose_lines(&cluster).await;

    // Lines of all kinds: a handover, and an end of a primary after which another one begins.
    succeed(&["handover", "--endpoints", &endpoints]);
    succeed(&["put", "--endpoints", &endpoints, "k", "after the handover"]);
    let second = cluster.complete().await;
    assert_ne!(first, second);
    assert_eq!(pids, cluster.pids(), "nobody was restarted");
    cluster.kill(second);
    assert_eq!(succeed(&["get", "--endpoints", &endpoints, "k"]).trim_end(), "after the handover");
    cluster.start(second);
    assert_eq!(cluster.complete().await, first);

    // And the last words are waited for in bounded time.
    cluster.signal(first, Signal::TERM);
    assert!(cluster.replicas[first].ended().await.success());
    succeed(&["put", "--endpoints", &endpoints, "k", "last"]);
}

#[tokio::test]
async fn a_log_on_a_full_disk_stops_nobody() {
    serves_on_with(Log::Full).await;
}

#[tokio::test]
async fn a_log_that_nobody_reads_any_more_stops_nobody() {
    serves_on_with(Log::Gone).await;
}

#[tokio::test]
async fn a_log_whose_reader_stalls_stops_nobody() {
    serves_on_with(Log::Stalled).await;
}

#[tokio::test]
async fn a_replica_that_cannot_begin_ends_though_its_log_cannot_be_written() {
    for log in [Log::Full, Log::Gone] {
        let (mut cluster, _, backup) = Cluster::pair().await;
        let data = cluster.replicas[backup].data.clone();
        // Another one, which finds the directory in use.
        let mut other = crate::harness::replica::Replica::new(cluster.dir.path(), "other");
        (other.data, other.to) = (data, log);
        other.start(&format!("dir:{}", cluster.register.display()), "", &[]);
        assert_eq!(other.ended().await.code(), Some(1), "{log:?}");
        cluster.kill(backup);
    }
}

#[tokio::test]
async fn sighup_ends_no_replica() {
    let (cluster, primary, _) = Cluster::pair().await;
    let lives = |number: usize| cluster.replicas[number].logged().matches("a life begins").count();
    for _ in 0..3 {
        cluster.signal(0, Signal::HUP);
        cluster.signal(1, Signal::HUP);
    }
    wait::until("both have heard it", || async {
        let heard = |number: usize| cluster.replicas[number].logged().contains("SIGHUP");
        (heard(0) && heard(1)).then_some(())
    })
    .await;
    assert_eq!(cluster.complete().await, primary);
    assert_eq!((lives(0), lives(1)), (1, 1));
    let endpoints = cluster.endpoints().addresses().join(",");
    assert_eq!(understudy(&["put", "--endpoints", &endpoints, "k", "v"]).code, Some(0));
}
