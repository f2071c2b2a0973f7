//! Bad input gets a clear error, each the right code, and nothing is lost by it.

use bytes::Bytes;
use tonic::{Code, Request};
use understudy_proto::kv::v1::lease_service_client::LeaseServiceClient;
use understudy_proto::kv::v1::*;

use crate::common::{Cluster, check, get, key_values, put, reason, session, to_cluster};

/// What a failure must look like: code, reason, and its metadata.
fn bytes(length: usize) -> Bytes {
    vec![b'x'; length].into()
}

fn txn(operations: Vec<txn_operation::Operation>) -> TxnRequest {
    let operations = operations.into_iter().map(|o| TxnOperation { operation: Some(o) }).collect();
    TxnRequest { then_operations: operations, ..TxnRequest::default() }
}

fn txn_put(key: &str) -> txn_operation::Operation {
    txn_operation::Operation::Put(TxnPut { key: key.to_string().into(), ..TxnPut::default() })
}

#[tokio::test]
async fn keys_values_and_requests_beyond_their_limits_are_refused() {
    use Code::InvalidArgument as Invalid;
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut client = cluster.client().await;

    let empty = client.put(put("", "v")).await.unwrap_err();
    check(empty, Invalid, "INVALID_KEY", &["field=key", "limit=4096"]);
    let empty = client.get(get("")).await.unwrap_err();
    check(empty, Invalid, "INVALID_KEY", &["field=key", "limit=4096"]);

    let mut request = put("k", "v");
    request.key = bytes(4097);
    let long = client.put(request.clone()).await.unwrap_err();
    check(long, Invalid, "INVALID_KEY", &["field=key", "limit=4096"]);
    request.key = bytes(4096);
    client.put(request).await.unwrap();

    let mut request = put("k", "v");
    request.value = bytes((1 << 20) + 1);
    let long = client.put(request.clone()).await.unwrap_err();
    check(long, Invalid, "INVALID_VALUE", &["field=value", "limit=1048576"]);
    request.value = bytes(1 << 20);
    client.put(request.clone()).await.unwrap();

    for size in [(4 << 20) + 1, 6 << 20] {
        request.value = bytes(size);
        let large = client.put(request.clone()).await.unwrap_err();
        check(large, Invalid, "REQUEST_TOO_LARGE", &["limit=4194304"]);
    }
    request.value = bytes(32 << 20);
    let huge = client.put(request).await.unwrap_err();
    assert_eq!(huge.code(), Code::OutOfRange, "{huge:?}");

    let got = client.get(get("k")).await.unwrap().into_inner();
    assert_eq!(got.kv.unwrap().value.len(), 1 << 20, "nothing is lost");
}

#[tokio::test]
async fn the_value_limit_is_the_clusters_quota() {
    use understudy_proto::admin::v1::{GetQuotaRequest, Quota, UpdateQuotaRequest};
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut client = cluster.client().await;
    let mut admin = crate::common::admin(&cluster.clients(0)).await.unwrap();
    let quota = Quota { max_value_bytes: Some(10), max_keys: Some(2), ..Quota::default() };
    let quota = UpdateQuotaRequest { quota: Some(quota) };
    let updated = admin.update_quota(quota).await.unwrap().into_inner().quota.unwrap();
    assert_eq!((updated.max_value_bytes, updated.max_keys), (Some(10), Some(2)));
    let got = admin.get_quota(GetQuotaRequest {}).await.unwrap().into_inner();
    assert_eq!(got.quota.unwrap(), updated);

    client.put(put("a", "1234567890")).await.unwrap();
    crate::common::until("the limit is known to the handlers", async || {
        let Err(status) = client.put(put("a", "12345678901")).await else { return false };
        status.code() == Code::InvalidArgument
    })
    .await;
    client.put(put("b", "")).await.unwrap();
    let full = client.put(put("c", "")).await.unwrap_err();
    let metadata = ["limit=2", "quota=max_keys", "used=3"];
    check(full, Code::ResourceExhausted, "QUOTA_EXCEEDED", &metadata);

    let bad = Quota { max_key_bytes: Some(5000), ..Quota::default() };
    let bad = admin.update_quota(UpdateQuotaRequest { quota: Some(bad) }).await.unwrap_err();
    check(bad, Code::InvalidArgument, "INVALID_SETTINGS", &["field=max_key_bytes", "limit=4096"]);
}

#[tokio::test]
async fn transactions_that_cannot_be_are_refused() {
    use Code::InvalidArgument as Invalid;
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut client = cluster.client().await;

    let many = (0..129).map(|n| txn_put(&format!("k{n}"))).collect();
    let many = client.txn(txn(many)).await.unwrap_err();
    check(many, Invalid, "INVALID_TXN", &["field=then_operations", "limit=128"]);

    let twice = client.txn(txn(vec![txn_put("k"), txn_put("k")])).await.unwrap_err();
    check(twice, Invalid, "INVALID_TXN", &["field=then_operations", "key=6b"]);

    let range = KeyRange { start: "a".into(), end: "z".into() };
    let delete =
        TxnDelete { target: Some(txn_delete::Target::Range(range)), ..TxnDelete::default() };
    let overlap = txn(vec![txn_put("k"), txn_operation::Operation::Delete(delete)]);
    let overlap = client.txn(overlap).await.unwrap_err();
    assert_eq!((overlap.code(), &reason(&overlap).0[..]), (Invalid, "INVALID_TXN"));

    let nothing = TxnRequest {
        then_operations: vec![TxnOperation { operation: None }],
        ..TxnRequest::default()
    };
    let nothing = client.txn(nothing).await.unwrap_err();
    check(nothing, Invalid, "INVALID_TXN", &["field=operation"]);

    let compare = Compare { key: "k".into(), operator: 99, operand: None };
    let compare = TxnRequest { compares: vec![compare], ..TxnRequest::default() };
    let compare = client.txn(compare).await.unwrap_err();
    check(compare, Invalid, "INVALID_TXN", &["field=operator"]);

    let whole = (0..128).map(|n| txn_put(&format!("k{n}"))).collect();
    let done = client.txn(txn(whole)).await.unwrap().into_inner();
    assert_eq!((done.succeeded, done.results.len()), (true, 128));
}

#[tokio::test]
async fn ranges_numbers_and_fields_that_cannot_be_are_refused() {
    use Code::InvalidArgument as Invalid;
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut client = cluster.client().await;

    let target = client.delete(DeleteRequest::default()).await.unwrap_err();
    check(target, Invalid, "INVALID_FIELD", &["field=target"]);

    let range = |start: &'static str, end: &'static str| DeleteRequest {
        target: Some(delete_request::Target::Range(KeyRange {
            start: start.into(),
            end: end.into(),
        })),
        ..DeleteRequest::default()
    };
    let empty = client.delete(range("b", "a")).await.unwrap_err();
    check(empty, Invalid, "INVALID_RANGE", &["field=end"]);
    let negative = DeleteRequest { limit: -1, ..range("a", "b") };
    let negative = client.delete(negative).await.unwrap_err();
    check(negative, Invalid, "INVALID_NUMBER", &["field=limit", "limit=0"]);
    let conditional = DeleteRequest { if_revision: Some(1), ..range("a", "b") };
    let conditional = client.delete(conditional).await.unwrap_err();
    check(conditional, Invalid, "INVALID_FIELD", &["field=if_revision"]);

    client.put(put("k", "v")).await.unwrap();
    let future = client.get(GetRequest { revision: 9, ..get("k") }).await.unwrap_err();
    check(future, Code::OutOfRange, "FUTURE_REVISION", &["newest_revision=1"]);
    let negative = client.get(GetRequest { revision: -1, ..get("k") }).await.unwrap_err();
    check(negative, Invalid, "INVALID_NUMBER", &["field=revision", "limit=0"]);
    let unknown = client.get(GetRequest { consistency: 7, ..get("k") }).await.unwrap_err();
    check(unknown, Invalid, "INVALID_FIELD", &["field=consistency"]);

    let lease = put_request::Lifetime::LeaseId(77);
    let lease =
        client.put(PutRequest { lifetime: Some(lease), ..put("k", "v") }).await.unwrap_err();
    check(lease, Code::NotFound, "LEASE_NOT_FOUND", &["lease_id=77"]);
    let ttl = put_request::Lifetime::TtlMs(0);
    let ttl = client.put(PutRequest { lifetime: Some(ttl), ..put("k", "v") }).await.unwrap_err();
    check(ttl, Invalid, "INVALID_TTL", &["field=ttl_ms", "limit=1"]);
}

#[tokio::test]
async fn stamps_that_cannot_be_are_refused() {
    use Code::InvalidArgument as Invalid;
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut client = cluster.client().await;
    let mut sessions = session(&cluster.clients(0)).await.unwrap();
    let header = client.get(get("k")).await.unwrap().into_inner().header.unwrap();
    let mut stamped = async |session_id, sequence, received_below| {
        let stamp = Some(RequestStamp { session_id, sequence, received_below });
        client.put(to_cluster(&header, PutRequest { stamp, ..put("k", "v") })).await
    };

    check(stamped(0, 1, 0).await.unwrap_err(), Invalid, "INVALID_STAMP", &["field=session_id"]);
    check(stamped(9, 0, 0).await.unwrap_err(), Invalid, "INVALID_STAMP", &["field=sequence"]);
    let beyond = stamped(9, 1, 2).await.unwrap_err();
    check(beyond, Invalid, "INVALID_STAMP", &["field=received_below"]);

    let unknown = stamped(987_654, 1, 0).await.unwrap_err();
    check(unknown, Code::NotFound, "SESSION_UNKNOWN", &["session_id=987654"]);

    let short = sessions.open_session(OpenSessionRequest { ttl_ms: 99 }).await.unwrap_err();
    check(short, Invalid, "INVALID_TTL", &["field=ttl_ms", "limit=100"]);
    let long = sessions.open_session(OpenSessionRequest { ttl_ms: 86_400_001 }).await.unwrap_err();
    check(long, Invalid, "INVALID_TTL", &["field=ttl_ms", "limit=86400000"]);

    let open = OpenSessionRequest { ttl_ms: 1000 };
    let id = sessions.open_session(open).await.unwrap().into_inner().session_id;
    let far = stamped(id, 1025, 0).await.unwrap_err();
    let metadata = ["limit=1024", "sequence=1025"];
    check(far, Code::OutOfRange, "SEQUENCE_OUTSIDE_WINDOW", &metadata);
    stamped(id, 5, 5).await.unwrap();
    let trimmed = stamped(id, 4, 0).await.unwrap_err();
    check(trimmed, Code::FailedPrecondition, "SEQUENCE_TRIMMED", &["limit=4", "sequence=4"]);

    // Logged time passes although nobody writes: the session expires by a tick.
    crate::common::until("the session has expired", async || {
        cluster.status(0).await.unwrap().usage.unwrap().sessions == 0
    })
    .await;
    let gone = format!("session_id={id}");
    let expired = stamped(id, 6, 5).await.unwrap_err();
    check(expired, Code::FailedPrecondition, "SESSION_EXPIRED", &[&gone]);
    let close = CloseSessionRequest { session_id: 987_654 };
    let unknown = sessions.close_session(to_cluster(&header, close)).await.unwrap_err();
    check(unknown, Code::NotFound, "SESSION_UNKNOWN", &["session_id=987654"]);
    let close = CloseSessionRequest { session_id: id };
    let closed = sessions.close_session(to_cluster(&header, close)).await;
    assert!(closed.is_ok(), "closing what has expired is fine: {closed:?}");
}

#[tokio::test]
async fn a_client_of_another_cluster_is_told_so() {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut client = key_values(&cluster.clients(cluster.primary().await)).await.unwrap();
    let header = client.put(put("k", "v")).await.unwrap().into_inner().header.unwrap();
    let own: String = header.cluster_id.iter().map(|byte| format!("{byte:02x}")).collect();

    let asking = |cluster: &str| {
        let mut request = Request::new(get("k"));
        request.metadata_mut().insert("understudy-cluster-id", cluster.parse().unwrap());
        request
    };
    client.get(asking(&own)).await.unwrap();
    let other = client.get(asking(&"0".repeat(32))).await.unwrap_err();
    let metadata = format!("cluster_id={own}");
    check(other, Code::FailedPrecondition, "WRONG_CLUSTER", &[&metadata]);
    let unreadable = client.get(asking("what")).await.unwrap_err();
    let metadata = ["field=understudy-cluster-id"];
    check(unreadable, Code::InvalidArgument, "INVALID_METADATA", &metadata);
}

#[tokio::test]
async fn what_speaks_of_a_session_must_name_its_cluster() {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut client = cluster.client().await;
    let mut sessions = session(&cluster.clients(0)).await.unwrap();
    let opened = sessions.open_session(OpenSessionRequest::default()).await.unwrap().into_inner();
    let (header, session_id) = (opened.header.unwrap(), opened.session_id);
    let stamp = Some(RequestStamp { session_id, sequence: 1, received_below: 0 });
    let unnamed = |status| {
        let metadata = ["field=understudy-cluster-id"];
        check(status, Code::InvalidArgument, "INVALID_METADATA", &metadata);
    };

    let stamped = PutRequest { stamp, ..put("k", "v") };
    unnamed(client.put(stamped.clone()).await.unwrap_err());
    let address = format!("http://{}", cluster.clients(0));
    let mut leases = LeaseServiceClient::connect(address).await.unwrap();
    let kept = KeepLeaseAliveRequest { stamp, lease_id: 1 };
    unnamed(leases.keep_lease_alive(kept).await.unwrap_err());
    let target = Some(delete_request::Target::Key("k".into()));
    let delete = DeleteRequest { stamp, target, ..DeleteRequest::default() };
    unnamed(client.delete(delete).await.unwrap_err());
    unnamed(client.txn(TxnRequest { stamp, ..TxnRequest::default() }).await.unwrap_err());
    unnamed(sessions.keep_session_alive(KeepSessionAliveRequest { session_id }).await.unwrap_err());
    unnamed(sessions.close_session(CloseSessionRequest { session_id }).await.unwrap_err());

    let operation = |request| {
        let operation = Some(execute_operation::Operation::Put(request));
        let operations = vec![ExecuteOperation { operation }];
        tokio_stream::iter([ExecuteRequest { operations }])
    };
    let mut results = client.execute(operation(stamped.clone())).await.unwrap().into_inner();
    let result = results.message().await.unwrap().unwrap().results.remove(0).result;
    let Some(execute_result::Result::Failure(failure)) = result else { panic!("{result:?}") };
    assert_eq!(failure.reason(), ErrorReason::InvalidMetadata);
    assert_eq!(client.get(get("k")).await.unwrap().into_inner().kv, None, "nothing was executed");

    let named = to_cluster(&header, operation(stamped.clone()));
    let mut results = client.execute(named).await.unwrap().into_inner();
    let result = results.message().await.unwrap().unwrap().results.remove(0).result;
    assert!(matches!(result, Some(execute_result::Result::Put(_))), "{result:?}");
    let again = client.put(to_cluster(&header, stamped)).await.unwrap().into_inner();
    assert_eq!((again.version, again.mod_revision), (1, 1), "executed once");
    let keep = KeepSessionAliveRequest { session_id };
    sessions.keep_session_alive(to_cluster(&header, keep)).await.unwrap();
    sessions.close_session(to_cluster(&header, CloseSessionRequest { session_id })).await.unwrap();
}

#[tokio::test]
async fn conditions_are_answers_and_no_errors() {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut client = cluster.client().await;
    let absent = Some(put_request::Condition::IfAbsent(true));
    let create = PutRequest { condition: absent, return_previous: true, ..put("k", "v") };
    let made = client.put(create.clone()).await.unwrap().into_inner();
    assert_eq!((made.succeeded, made.mod_revision, made.version), (true, 1, 1));
    let there = client.put(create).await.unwrap().into_inner();
    assert_eq!((there.succeeded, there.mod_revision, there.version), (false, 1, 1));
    assert_eq!(&there.previous.unwrap().value[..], b"v");

    let at = |revision| Some(put_request::Condition::IfRevision(revision));
    let wrong = client.put(PutRequest { condition: at(7), ..put("k", "w") }).await.unwrap();
    assert!(!wrong.into_inner().succeeded);
    let right = client.put(PutRequest { condition: at(1), ..put("k", "w") }).await.unwrap();
    let right = right.into_inner();
    assert_eq!((right.succeeded, right.mod_revision, right.version), (true, 2, 2));

    let delete = |revision| DeleteRequest {
        target: Some(delete_request::Target::Key("k".into())),
        if_revision: revision,
        return_previous: true,
        ..DeleteRequest::default()
    };
    let wrong = client.delete(delete(Some(1))).await.unwrap().into_inner();
    assert_eq!((wrong.succeeded, wrong.deleted, wrong.previous.len()), (false, 0, 1));
    let right = client.delete(delete(Some(2))).await.unwrap().into_inner();
    assert_eq!((right.succeeded, right.deleted, right.previous.len()), (true, 1, 1));
    let nothing = client.delete(delete(None)).await.unwrap().into_inner();
    assert_eq!((nothing.succeeded, nothing.deleted), (true, 0));
    assert_eq!(nothing.header.unwrap().revision, 3, "a delete of nothing makes no revision");
    let missing = client.get(get("k")).await.unwrap().into_inner();
    assert!(missing.kv.is_none());
}
