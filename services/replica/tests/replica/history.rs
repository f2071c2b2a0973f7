//! Old revisions: lists and keys as they stood, over pages and failovers, until they are forgotten.

use tonic::Code;
use tonic::transport::Channel;
use understudy_proto::admin::v1::{CompactRequest, GetQuotaRequest, Quota, UpdateQuotaRequest};
use understudy_proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_proto::kv::v1::*;

use crate::common::{Cluster, admin, check, get, key_values, put};

fn prefix(prefix: &str, page_size: i32) -> ListRequest {
    let target = Some(list_request::Target::Prefix(prefix.to_string().into()));
    ListRequest { target, page_size, ..ListRequest::default() }
}

async fn list(client: &mut KeyValueServiceClient<Channel>, request: &ListRequest) -> ListResponse {
    client.list(request.clone()).await.unwrap().into_inner()
}

/// Keys with their values.
fn shown(response: &ListResponse) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    response.kvs.iter().map(|kv| (text(&kv.key), text(&kv.value))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

#[tokio::test]
async fn all_pages_show_one_revision_even_if_the_primary_is_killed_between_them() {
    let mut cluster = Cluster::born(2).await;
    let mut client = cluster.client().await;
    for (key, value) in [("a/1", "1"), ("a/2", "2"), ("a/3", "3"), ("b/1", "4")] {
        client.put(put(key, value)).await.unwrap();
    }
    let mut request = prefix("a/", 2);
    let first = list(&mut client, &request).await;
    assert_eq!(shown(&first), pairs(&[("a/1", "1"), ("a/2", "2")]));
    assert_eq!(first.header.as_ref().unwrap().revision, 4);

    client.put(put("a/3", "changed")).await.unwrap();
    client.put(put("a/4", "new")).await.unwrap();
    let primary = cluster.primary().await;
    cluster.kill(primary);

    request.page_token = first.next_page_token;
    let mut client = cluster.client().await;
    let second = list(&mut client, &request).await;
    assert_eq!(shown(&second), pairs(&[("a/3", "3")]));
    assert_eq!(second.header.as_ref().unwrap().revision, 4);
    assert_eq!(second.next_page_token, "");

    let newest = list(&mut client, &prefix("a/", 0)).await;
    assert_eq!(shown(&newest).last(), Some(&("a/4".to_string(), "new".to_string())));
    let old = GetRequest { revision: 3, ..get("a/3") };
    assert_eq!(client.get(old).await.unwrap().into_inner().kv.unwrap().value, "3");
    let older = GetRequest { revision: 2, ..get("a/3") };
    assert_eq!(client.get(older).await.unwrap().into_inner().kv, None);
}

#[tokio::test]
async fn orders_counts_and_keys_alone() {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut client = cluster.client().await;
    for (key, value) in [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4")] {
        client.put(put(key, value)).await.unwrap();
    }
    let keys = |response: &ListResponse| -> Vec<String> {
        shown(response).into_iter().map(|(key, _)| key).collect()
    };
    for (order, wanted) in [
        (ListOrder::KeyAscending, ["a", "b", "c"]),
        (ListOrder::KeyDescending, ["c", "b", "a"]),
        (ListOrder::NewestFirst, ["a", "c", "b"]),
    ] {
        let mut request = ListRequest { order: order.into(), ..prefix("", 2) };
        let first = list(&mut client, &request).await;
        request.page_token = first.next_page_token.clone();
        let second = list(&mut client, &request).await;
        assert_eq!([keys(&first), keys(&second)].concat(), wanted);
        assert_eq!(second.next_page_token, "");
    }
    let count = list(&mut client, &ListRequest { count_only: true, ..prefix("", 0) }).await;
    assert_eq!((count.count, count.kvs.len()), (3, 0));
    let request = ListRequest { keys_only: true, ..prefix("c", 0) };
    assert_eq!(shown(&list(&mut client, &request).await), pairs(&[("c", "")]));
}

#[tokio::test]
async fn what_is_forgotten_or_does_not_exist_is_out_of_range() {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut client = cluster.client().await;
    for value in ["1", "2", "3", "4", "5"] {
        client.put(put("k", value)).await.unwrap();
    }
    let at = |revision| GetRequest { revision, ..get("k") };
    check(
        client.get(at(6)).await.unwrap_err(),
        Code::OutOfRange,
        "FUTURE_REVISION",
        &["newest_revision=5"],
    );
    let page = list(&mut client, &ListRequest { revision: 2, ..prefix("", 0) }).await;
    assert_eq!(shown(&page), pairs(&[("k", "2")]));

    let mut admin = admin(&cluster.clients(0)).await.unwrap();
    let compact = |revision| CompactRequest { revision };
    admin.compact(compact(3)).await.unwrap();
    let gone = &["oldest_revision=3"];
    check(client.get(at(2)).await.unwrap_err(), Code::OutOfRange, "COMPACTED", gone);
    check(admin.compact(compact(2)).await.unwrap_err(), Code::OutOfRange, "COMPACTED", gone);
    check(
        admin.compact(compact(9)).await.unwrap_err(),
        Code::OutOfRange,
        "FUTURE_REVISION",
        &["newest_revision=5"],
    );
    check(
        admin.compact(compact(0)).await.unwrap_err(),
        Code::InvalidArgument,
        "INVALID_NUMBER",
        &["field=revision", "limit=1"],
    );
    assert_eq!(client.get(at(3)).await.unwrap().into_inner().kv.unwrap().value, "3");

    let quota =
        Quota { max_history_revisions: Some(1), min_history_ms: Some(0), ..Quota::default() };
    admin.update_quota(UpdateQuotaRequest { quota: Some(quota) }).await.unwrap();
    client.put(put("k", "6")).await.unwrap();
    let usage = admin.get_quota(GetQuotaRequest {}).await.unwrap().into_inner().usage.unwrap();
    assert_eq!(usage.oldest_revision, 5);
    assert!(usage.history_bytes > 0);
}

#[tokio::test]
async fn a_page_token_belongs_to_one_request_of_one_cluster() {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut other = Cluster::new(1);
    other.start_all();
    let mut client = cluster.client().await;
    let mut stranger = key_values(&other.clients(other.primary().await)).await.unwrap();
    for key in ["a", "b", "c"] {
        client.put(put(key, "v")).await.unwrap();
        stranger.put(put(key, "v")).await.unwrap();
    }
    let first = list(&mut client, &prefix("", 1)).await;
    let page_token = first.next_page_token;
    let with = |request: ListRequest| ListRequest { page_token: page_token.clone(), ..request };
    let refused = |status| check(status, Code::InvalidArgument, "INVALID_PAGE_TOKEN", &[]);
    for request in [
        with(prefix("a", 1)),
        with(ListRequest { keys_only: true, ..prefix("", 1) }),
        with(ListRequest { order: ListOrder::KeyDescending.into(), ..prefix("", 1) }),
        with(ListRequest { revision: 2, ..prefix("", 1) }),
        ListRequest { page_token: "00ff".into(), ..prefix("", 1) },
        ListRequest { page_token: "é".into(), ..prefix("", 1) },
        ListRequest { page_token: page_token.replace('0', "1"), ..prefix("", 1) },
    ] {
        refused(client.list(request).await.unwrap_err());
    }
    refused(stranger.list(with(prefix("", 1))).await.unwrap_err());
    // Another size, and the revision named, are fine.
    let rest = with(ListRequest { revision: 3, ..prefix("", 100_000) });
    assert_eq!(list(&mut client, &rest).await.kvs.len(), 2);

    let negative = client.list(prefix("", -1)).await.unwrap_err();
    check(negative, Code::InvalidArgument, "INVALID_NUMBER", &["field=page_size", "limit=0"]);
    let start_after_end = KeyRange { start: "b".into(), end: "a".into() };
    let target = Some(list_request::Target::Range(start_after_end));
    let inverted = client.list(ListRequest { target, ..ListRequest::default() }).await;
    check(inverted.unwrap_err(), Code::InvalidArgument, "INVALID_RANGE", &["field=end"]);
}
