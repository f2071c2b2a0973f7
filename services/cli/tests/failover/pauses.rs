//! A primary that is stopped for a while (SIGSTOP, SIGCONT) and stays primary: what was kept in time lives.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use understudy_client::proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_client::proto::kv::v1::lease_service_client::LeaseServiceClient;
use understudy_client::proto::kv::v1::put_request::Lifetime;
use understudy_client::proto::kv::v1::session_service_client::SessionServiceClient;
use understudy_client::proto::kv::v1::*;

use crate::harness::cluster::Cluster;
use crate::harness::wait;

/// Somebody who holds a lease with a key on it, and a session, and says so to one replica alone.
struct Holder {
    keys: KeyValueServiceClient<Channel>,
    leases: LeaseServiceClient<Channel>,
    lease: i64,
    session: u64,
    sequence: u64,
    /// The cluster, as requests name it.
    cluster: MetadataValue<Ascii>,
}

impl Holder {
    async fn begin(address: &str, ttl_ms: i64) -> Self {
        let address = format!("http://{address}");
        let mut leases = LeaseServiceClient::connect(address.clone()).await.unwrap();
        let mut keys = KeyValueServiceClient::connect(address.clone()).await.unwrap();
        let mut sessions = SessionServiceClient::connect(address).await.unwrap();
        let request = OpenSessionRequest { ttl_ms };
        let opened = sessions.open_session(request).await.unwrap().into_inner();
        let session = opened.session_id;
        let id = opened.header.unwrap().cluster_id;
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let request = GrantLeaseRequest { ttl_ms, ..GrantLeaseRequest::default() };
        let granted = leases.grant_lease(request).await.unwrap().into_inner();
        let lease = granted.lease.unwrap().lease_id;
        let lifetime = Some(Lifetime::LeaseId(lease));
        let put = PutRequest { key: "held".into(), lifetime, ..PutRequest::default() };
        keys.put(put).await.unwrap();
        Holder { keys, leases, lease, session, sequence: 0, cluster: id.parse().unwrap() }
    }

    /// Gives lease and session their full time again.
    async fn keep(&mut self) -> Result<(), Status> {
        self.sequence += 1;
        let (session_id, sequence) = (self.session, self.sequence);
        let stamp = RequestStamp { session_id, sequence, received_below: 0 };
        let put = PutRequest { key: "other".into(), stamp: Some(stamp), ..PutRequest::default() };
        let mut put = Request::new(put);
        put.metadata_mut().insert("understudy-cluster-id", self.cluster.clone());
        let keep = KeepLeaseAliveRequest { lease_id: self.lease, ..Default::default() };
        let (put, kept) = tokio::join!(self.keys.put(put), self.leases.keep_lease_alive(keep));
        put.and(kept.map(|_| Response::new(PutResponse::default()))).map(drop)
    }

    /// Whether the key that hangs on the lease is there.
    async fn holds(&mut self) -> bool {
        let get = GetRequest { key: "held".into(), ..GetRequest::default() };
        self.keys.get(get).await.unwrap().into_inner().kv.is_some()
    }
}

/// A pair in which nobody is suspected for being stopped.
async fn patient() -> (Cluster, usize) {
    let mut cluster = Cluster::new(2).await;
    let arguments = ["--drop-ms", "50000", "--stall-ms", "60000", "--promote-ms", "60000"];
    cluster.extra = arguments.map(Into::into).into();
    cluster.start_all();
    let primary = cluster.complete().await;
    (cluster, primary)
}

/// Stops the primary for so long.
async fn pause(cluster: &Cluster, primary: usize, span: Duration) {
    cluster.signal(primary, Signal::STOP);
    tokio::time::sleep(span).await;
    cluster.signal(primary, Signal::CONT);
}

#[tokio::test]
async fn what_is_kept_to_the_last_moment_lives_over_a_pause_of_the_primary() {
    let (cluster, primary) = patient().await;
    let before = cluster.status(primary).await.unwrap();
    let ms = Duration::from_millis;
    let sizes = [(1000, 700, 1300), (1000, 800, 300), (1500, 1200, 700), (2000, 1700, 3000)];
    for (ttl, waits, stops) in sizes {
        let mut holder = Holder::begin(&cluster.replicas[primary].clients, ttl).await;
        let kept = loop {
            let since = Instant::now();
            holder.keep().await.unwrap();
            tokio::time::sleep(ms(waits)).await;
            cluster.signal(primary, Signal::STOP);
            let in_time = since.elapsed() < ms(u64::try_from(ttl).unwrap()) * 9 / 10;
            // It waits in the sockets of the stopped process.
            let (kept, ()) = tokio::join!(holder.keep(), async {
                tokio::time::sleep(ms(stops)).await;
                cluster.signal(primary, Signal::CONT);
            });
            // On a machine that is so slow, nothing was kept in time.
            if in_time {
                break kept;
            }
            holder = Holder::begin(&cluster.replicas[primary].clients, ttl).await;
        };
        assert!(kept.is_ok(), "{ttl} ms, kept after {waits}, stopped for {stops}: {kept:?}");
        assert!(holder.holds().await, "{ttl} ms, kept after {waits}, stopped for {stops}");
    }
    let after = cluster.status(primary).await.unwrap();
    assert_eq!((after.life, after.role()), (before.life, before.role()), "it stayed primary");
}

#[tokio::test]
async fn only_time_in_which_the_primary_runs_ends_a_lease() {
    let (cluster, primary) = patient().await;
    let mut holder = Holder::begin(&cluster.replicas[primary].clients, 2000).await;
    let begun = Instant::now();
    let mut stopped = Duration::ZERO;
    while begun.elapsed() < Duration::from_secs(4) {
        let since = Instant::now();
        pause(&cluster, primary, Duration::from_millis(200)).await;
        stopped += since.elapsed();
        assert!(
            begun.elapsed() - stopped < Duration::from_millis(1900),
            "this machine is too slow"
        );
        assert!(holder.holds().await, "it ran for {:?} of 2 s", begun.elapsed() - stopped);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let keys = holder.keys;
    wait::until("the lease ends", || {
        let get = GetRequest { key: "held".into(), ..GetRequest::default() };
        let mut keys = keys.clone();
        async move { keys.get(get).await.unwrap().into_inner().kv.is_none().then_some(()) }
    })
    .await;
}
