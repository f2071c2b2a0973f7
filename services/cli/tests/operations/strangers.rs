//! Noise and replicas of other clusters.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use understudy_client::proto::admin::v1::Role;

use crate::harness::cluster::{Cluster, progress};
use crate::harness::judge::flawless;
use crate::steps::{stop, value};

#[tokio::test]
async fn noise_on_every_port_disturbs_nobody() {
    let (cluster, primary, backup) = Cluster::pair().await;
    let load = cluster.load(4);
    progress(&load, 100).await;
    let life = cluster.status(primary).await.unwrap().life;
    let mut noise = vec![0; 64 << 10];
    for number in [primary, backup] {
        let replica = &cluster.replicas[number];
        for address in [&replica.clients, &replica.peers, &replica.ops] {
            for round in 0..8 {
                fastrand::fill(&mut noise);
                let preface: &[u8] =
                    if round % 2 == 0 { b"" } else { b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" };
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                // The other end may hang up at any moment.
                let _ = stream.write_all(preface).and_then(|()| stream.write_all(&noise));
                let _ = stream.shutdown(std::net::Shutdown::Write);
                let _ = stream.read_to_end(&mut Vec::new());
            }
        }
    }
    progress(&load, 100).await;
    flawless(&load.finish().await);
    assert_eq!(cluster.complete().await, primary);
    assert_eq!(cluster.status(primary).await.unwrap().life, life);
}

#[tokio::test]
async fn silent_connections_leave_descriptors_for_the_rest_and_are_closed() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let mut cluster = Cluster::new(2).await;
    cluster.extra = vec!["--segment-bytes=1048576".into()];
    cluster.replicas.iter_mut().for_each(|replica| replica.descriptors = Some(1024));
    cluster.start_all();
    let primary = cluster.complete().await;
    let life = cluster.status(primary).await.unwrap().life;
    let clients = &cluster.replicas[primary].clients;
    let silent: Vec<_> = (0..1100).map(|_| TcpStream::connect(clients).unwrap()).collect();
    let client = cluster.client();
    for number in 0..8 {
        // The log needs another file every second time.
        client.put("k", vec![number; 600_000]).await.unwrap();
    }
    for mut stream in silent {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        // A replica may greet before it closes.
        let end = stream.read_to_end(&mut Vec::new());
        let open = end.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        assert!(!open, "it says nothing for 10 s, and is open");
    }
    assert_eq!(cluster.complete().await, primary);
    assert_eq!(cluster.status(primary).await.unwrap().life, life);
}

#[tokio::test]
async fn replicas_of_two_clusters_that_meet_keep_to_themselves() {
    let (mut one, one_primary, one_backup) = Cluster::pair().await;
    one.client().put("k", "one").await.unwrap();
    let mut two = Cluster::another(2);
    two.start_all();
    let two_primary = two.complete().await;
    two.client().put("k", "two").await.unwrap();
    // A backup of the second cluster finds the first one's primary where its own was.
    stop(&mut two);
    one.kill(one_backup);
    one.kill(one_primary);
    let usurped = two.replicas[two_primary].peers.clone();
    let own = std::mem::replace(&mut one.replicas[one_primary].peers, usurped);
    one.start(one_primary);
    one.until(one_primary, "acts", |s| s.role() == Role::Primary).await;
    let stranger = 1 - two_primary;
    two.start(stranger);
    two.until(stranger, "says whom it met", |s| s.reason.contains("another cluster")).await;
    assert_eq!(value(&one, "k").await, "one");
    // With everyone back in place, each has what was its own.
    one.kill(one_primary);
    two.kill(stranger);
    one.replicas[one_primary].peers = own;
    for (cluster, primary) in [(&mut one, one_primary), (&mut two, two_primary)] {
        cluster.start(primary);
        cluster.until(primary, "acts", |s| s.role() == Role::Primary).await;
        cluster.start(1 - primary);
        cluster.complete().await;
    }
    assert_eq!(value(&one, "k").await, "one");
    assert_eq!(value(&two, "k").await, "two");
}
