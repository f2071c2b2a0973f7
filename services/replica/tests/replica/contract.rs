//! Sentences of the contract that a client's author relies on.

use tonic::{Code, Request};
use understudy_proto::admin::v1::{Quota, UpdateQuotaRequest};
use understudy_proto::kv::v1::lease_service_client::LeaseServiceClient;
use understudy_proto::kv::v1::*;

use crate::common::{Cluster, admin, check, get, put, session, to_cluster};

/// A session, and the cluster that it belongs to.
struct Session(ResponseHeader, u64);

impl Session {
    /// A Put with this sequence.
    fn put(&self, sequence: u64, request: PutRequest) -> Request<PutRequest> {
        to_cluster(&self.0, self.stamped(sequence, request))
    }

    fn stamped(&self, sequence: u64, request: PutRequest) -> PutRequest {
        let stamp = Some(RequestStamp { session_id: self.1, sequence, received_below: 0 });
        PutRequest { stamp, ..request }
    }
}

async fn alone() -> (Cluster, Session) {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    cluster.client().await.get(get("k")).await.unwrap();
    let mut sessions = session(&cluster.clients(0)).await.unwrap();
    let opened = sessions.open_session(OpenSessionRequest::default()).await.unwrap().into_inner();
    (cluster, Session(opened.header.unwrap(), opened.session_id))
}

#[tokio::test]
async fn a_failure_that_the_store_found_stays_the_answer_of_its_stamp() {
    let (cluster, session) = alone().await;
    let mut client = cluster.client().await;
    let lifetime = Some(put_request::Lifetime::LeaseId(77));
    let on_lease = |sequence| session.put(sequence, PutRequest { lifetime, ..put("k", "v") });
    let missing = client.put(on_lease(1)).await.unwrap_err();
    check(missing, Code::NotFound, "LEASE_NOT_FOUND", &["lease_id=77"]);
    let address = format!("http://{}", cluster.clients(0));
    let mut leases = LeaseServiceClient::connect(address).await.unwrap();
    let grant = GrantLeaseRequest { ttl_ms: 600_000, lease_id: 77, ..GrantLeaseRequest::default() };
    leases.grant_lease(grant).await.unwrap();
    let still = client.put(on_lease(1)).await.unwrap_err();
    check(still, Code::NotFound, "LEASE_NOT_FOUND", &["lease_id=77"]);
    client.put(on_lease(2)).await.unwrap();

    let mut operator = admin(&cluster.clients(0)).await.unwrap();
    let mut most_keys = async |max_keys| {
        let quota = Some(Quota { max_keys: Some(max_keys), ..Quota::default() });
        operator.update_quota(UpdateQuotaRequest { quota }).await.unwrap();
    };
    most_keys(1).await;
    let second = |sequence| session.put(sequence, put("second", "v"));
    let full = ["limit=1", "quota=max_keys", "used=2"];
    let refused = client.put(second(3)).await.unwrap_err();
    check(refused, Code::ResourceExhausted, "QUOTA_EXCEEDED", &full);
    most_keys(9).await;
    let refused = client.put(second(3)).await.unwrap_err();
    check(refused, Code::ResourceExhausted, "QUOTA_EXCEEDED", &full);
    client.put(second(4)).await.unwrap();
}

#[tokio::test]
async fn a_new_session_takes_the_sequences_from_1_to_1024() {
    let (cluster, session) = alone().await;
    let mut client = cluster.client().await;
    client.put(session.put(1024, put("k", "v"))).await.unwrap();
    let beyond = client.put(session.put(1025, put("k", "v"))).await.unwrap_err();
    let metadata = ["limit=1024", "sequence=1025"];
    check(beyond, Code::OutOfRange, "SEQUENCE_OUTSIDE_WINDOW", &metadata);
    let stamp = Some(RequestStamp { session_id: session.1, sequence: 1025, received_below: 2 });
    let request = PutRequest { stamp, ..put("k", "v") };
    client.put(to_cluster(&session.0, request)).await.unwrap();
}

/// Why nothing may be sent after a read that has no result, by a client that sends again what has none.
#[tokio::test]
async fn a_read_that_is_sent_again_sees_the_mutation_that_was_after_it() {
    let (cluster, session) = alone().await;
    let mut client = cluster.client().await;
    let mut send = async || {
        let read = execute_operation::Operation::Get(get("k"));
        let write = execute_operation::Operation::Put(session.stamped(1, put("k", "v")));
        let operation = |operation| ExecuteOperation { operation: Some(operation) };
        let operations = [read, write].map(operation).into();
        let requests = tokio_stream::iter([ExecuteRequest { operations }]);
        let requests = to_cluster(&session.0, requests);
        let mut responses = client.execute(requests).await.unwrap().into_inner();
        let mut results = Vec::new();
        while let Some(response) = responses.message().await.unwrap() {
            results.extend(response.results);
        }
        let Some(execute_result::Result::Get(got)) = results.remove(0).result else { panic!() };
        let Some(execute_result::Result::Put(put)) = results.remove(0).result else { panic!() };
        (got.kv.map(|kv| kv.value), put.version)
    };
    assert_eq!(send().await, (None, 1));
    assert_eq!(send().await, (Some("v".into()), 1), "the Put is executed once, the Get is not");
}
