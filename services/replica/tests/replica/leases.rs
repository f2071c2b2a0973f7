//! Leases: keys that go when nobody keeps them alive, over failovers.

use std::time::{Duration, Instant};

use tonic::Code;
use tonic::transport::Channel;
use understudy_proto::admin::v1::{HandOverRequest, Quota, UpdateQuotaRequest};
use understudy_proto::kv::v1::lease_service_client::LeaseServiceClient;
use understudy_proto::kv::v1::*;

use crate::common::{Cluster, admin, check, get, put, until};

async fn client(cluster: &Cluster) -> LeaseServiceClient<Channel> {
    let primary = cluster.primary().await;
    let address = format!("http://{}", cluster.clients(primary));
    LeaseServiceClient::connect(address).await.unwrap()
}

fn grant(ttl_ms: i64) -> GrantLeaseRequest {
    GrantLeaseRequest { ttl_ms, ..GrantLeaseRequest::default() }
}

fn keep(lease_id: i64) -> KeepLeaseAliveRequest {
    KeepLeaseAliveRequest { lease_id, ..KeepLeaseAliveRequest::default() }
}

fn revoke(lease_id: i64) -> RevokeLeaseRequest {
    RevokeLeaseRequest { lease_id, ..RevokeLeaseRequest::default() }
}

fn on_lease(key: &str, lease_id: i64) -> PutRequest {
    PutRequest { lifetime: Some(put_request::Lifetime::LeaseId(lease_id)), ..put(key, "v") }
}

fn request_for(lease_id: i64) -> GetLeaseRequest {
    GetLeaseRequest { lease_id, ..GetLeaseRequest::default() }
}

async fn alone() -> (Cluster, LeaseServiceClient<Channel>) {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let leases = client(&cluster).await;
    (cluster, leases)
}

#[tokio::test]
async fn a_key_lives_as_long_as_its_time_to_live_and_a_kept_lease_keeps_it() {
    let (cluster, mut leases) = alone().await;
    let mut keys = cluster.client().await;
    let begun = Instant::now();
    let living = Some(put_request::Lifetime::TtlMs(1_000));
    let written = keys.put(PutRequest { lifetime: living, ..put("k", "1") }).await.unwrap();
    let lease = written.into_inner().lease_id;
    assert!(lease > 0);
    while begun.elapsed() < Duration::from_millis(1_500) {
        let kept = leases.keep_lease_alive(keep(lease)).await.unwrap().into_inner();
        assert_eq!(kept.lease, Some(Lease { lease_id: lease, ttl_ms: 1_000, remaining_ms: 1_000 }));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let kept = Some(put_request::Lifetime::KeepLease(true));
    let again = keys.put(PutRequest { lifetime: kept, ..put("k", "2") }).await.unwrap();
    assert_eq!(again.into_inner().lease_id, lease, "it was kept beyond its time");
    let found = leases.get_lease(request_for(lease));
    let left = found.await.unwrap().into_inner().lease.unwrap().remaining_ms;
    assert!((1..1_000).contains(&left), "time passes while nothing is logged: {left}");
    let since = Instant::now();
    until("the key to go", async || keys.get(get("k")).await.unwrap().into_inner().kv.is_none())
        .await;
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    let gone = leases.keep_lease_alive(keep(lease)).await.unwrap_err();
    check(gone, Code::NotFound, "LEASE_NOT_FOUND", &[&format!("lease_id={lease}")]);
}

#[tokio::test]
async fn a_lease_outlives_failovers_and_has_its_full_time_after_each() {
    let mut cluster = Cluster::born(2).await;
    let mut leases = client(&cluster).await;
    let granted = leases.grant_lease(grant(3_000)).await.unwrap().into_inner();
    let lease = granted.lease.unwrap().lease_id;
    cluster.client().await.put(on_lease("k", lease)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let primary = cluster.primary().await;
    cluster.kill(primary);
    let request = GetLeaseRequest { return_keys: true, ..request_for(lease) };
    let found = client(&cluster).await.get_lease(request).await.unwrap().into_inner();
    let left = found.lease.unwrap().remaining_ms;
    assert!(left > 1_500, "{left} ms left after the failover");
    assert_eq!((found.key_count, &found.keys[..]), (1, &["k".into()][..]));
    cluster.start(primary);
    cluster.paired().await;
    let primary = cluster.primary().await;
    let mut operator = admin(&cluster.clients(primary)).await.unwrap();
    // The new backup may not have followed the epoch yet in which it is one.
    until("a handover", async || operator.hand_over(HandOverRequest::default()).await.is_ok())
        .await;
    let mut keys = cluster.client().await;
    until("the key to go", async || match keys.get(get("k")).await {
        Ok(found) => found.into_inner().kv.is_none(),
        Err(_) => false,
    })
    .await;
    let listed = client(&cluster).await.list_leases(ListLeasesRequest::default()).await.unwrap();
    assert_eq!(listed.into_inner().leases, []);
}

#[tokio::test]
async fn revoking_deletes_the_keys_as_one_revision() {
    let (cluster, mut leases) = alone().await;
    let mut keys = cluster.client().await;
    let wanted = GrantLeaseRequest { lease_id: 77, ..grant(60_000) };
    leases.grant_lease(wanted).await.unwrap();
    let twice = leases.grant_lease(wanted).await.unwrap_err();
    check(twice, Code::AlreadyExists, "LEASE_EXISTS", &["lease_id=77"]);
    for key in ["a", "b", "c"] {
        keys.put(on_lease(key, 77)).await.unwrap();
    }
    let revoked = leases.revoke_lease(revoke(77)).await.unwrap().into_inner();
    assert_eq!((revoked.keys, revoked.header.unwrap().revision), (3, 4));
    let listed = keys.list(ListRequest::default()).await.unwrap().into_inner();
    assert_eq!((listed.kvs.len(), listed.header.unwrap().revision), (0, 4));
    let again = leases.revoke_lease(revoke(77)).await.unwrap_err();
    check(again, Code::NotFound, "LEASE_NOT_FOUND", &["lease_id=77"]);
}

#[tokio::test]
async fn leases_and_their_keys_come_in_pages() {
    let (cluster, mut leases) = alone().await;
    let mut keys = cluster.client().await;
    for _ in 0..5 {
        leases.grant_lease(grant(60_000)).await.unwrap();
    }
    let names: Vec<String> = (0..5).map(|n| format!("k{n}")).collect();
    for name in &names {
        keys.put(on_lease(name, 2)).await.unwrap();
    }
    let (mut ids, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListLeasesRequest { page_size: 2, page_token };
        let page = leases.list_leases(request).await.unwrap().into_inner();
        ids.extend(page.leases.iter().map(|lease| lease.lease_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(ids, [1, 2, 3, 4, 5]);
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let lease_id = 2;
        let request = GetLeaseRequest { lease_id, return_keys: true, page_size: 2, page_token };
        let page = leases.get_lease(request).await.unwrap().into_inner();
        assert_eq!(page.key_count, 5);
        found.extend(page.keys);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
        let foreign =
            GetLeaseRequest { lease_id: 3, page_token: page_token.clone(), ..request_for(3) };
        let foreign = leases.get_lease(foreign).await.unwrap_err();
        check(foreign, Code::InvalidArgument, "INVALID_PAGE_TOKEN", &[]);
    }
    assert_eq!(found, names);
    let only = leases.get_lease(request_for(2)).await.unwrap().into_inner();
    assert_eq!((only.keys.len(), &only.next_page_token[..]), (0, ""));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let (cluster, mut leases) = alone().await;
    let ttl = |limit: i64| vec!["field=ttl_ms".to_owned(), format!("limit={limit}")];
    for (ms, limit) in [(0, 1), (-1, 1), (315_360_000_001, 315_360_000_000)] {
        let status = leases.grant_lease(grant(ms)).await.unwrap_err();
        let metadata = ttl(limit);
        let metadata: Vec<&str> = metadata.iter().map(String::as_str).collect();
        check(status, Code::InvalidArgument, "INVALID_TTL", &metadata);
    }
    let negative = GrantLeaseRequest { lease_id: -1, ..grant(1) };
    let negative = leases.grant_lease(negative).await.unwrap_err();
    let metadata = ["field=lease_id", "limit=0"];
    check(negative, Code::InvalidArgument, "INVALID_NUMBER", &metadata);
    let own = GrantLeaseRequest { lease_id: 1 << 62, ..grant(1) };
    let own = leases.grant_lease(own).await.unwrap_err();
    let metadata = ["field=lease_id", "limit=4611686018427387903"];
    check(own, Code::InvalidArgument, "INVALID_NUMBER", &metadata);
    let page = ListLeasesRequest { page_size: -1, ..Default::default() };
    let page = leases.list_leases(page).await.unwrap_err();
    check(page, Code::InvalidArgument, "INVALID_NUMBER", &["field=page_size", "limit=0"]);
    let unknown = leases.get_lease(request_for(9)).await.unwrap_err();
    check(unknown, Code::NotFound, "LEASE_NOT_FOUND", &["lease_id=9"]);

    let quota = Some(Quota { max_leases: Some(1), ..Quota::default() });
    let mut operator = admin(&cluster.clients(0)).await.unwrap();
    operator.update_quota(UpdateQuotaRequest { quota }).await.unwrap();
    leases.grant_lease(grant(60_000)).await.unwrap();
    let full = leases.grant_lease(grant(60_000)).await.unwrap_err();
    let metadata = ["limit=1", "quota=max_leases", "used=2"];
    check(full, Code::ResourceExhausted, "QUOTA_EXCEEDED", &metadata);
}
