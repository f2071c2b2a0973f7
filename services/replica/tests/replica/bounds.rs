//! Bounds count everything that they bound, are in force when they are answered, and leave nothing unreadable. All
//! clients here take messages of 4 MiB, as clients do unless they are told otherwise.

use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Code, Status};
use understudy_proto::admin::v1::admin_service_client::AdminServiceClient;
use understudy_proto::admin::v1::{Quota, Settings, UpdateQuotaRequest, UpdateSettingsRequest};
use understudy_proto::kv::v1::execute_operation::Operation;
use understudy_proto::kv::v1::execute_result::Result as Done;
use understudy_proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_proto::kv::v1::watch_service_client::WatchServiceClient;
use understudy_proto::kv::v1::*;

use crate::common::{Cluster, admin, check, get, put};

/// Bytes of a message that any client takes.
const MESSAGE: usize = 4 << 20;
/// What a response may be shorter than its bound, and be refused.
const FRAME: usize = 128;
/// The longest value that a quota allows.
const VALUE: usize = MESSAGE - (16 << 10);

type Client = KeyValueServiceClient<Channel>;

/// A replica, and its clients.
pub struct Alone {
    pub cluster: Cluster,
    pub client: Client,
    admin: AdminServiceClient<Channel>,
}

impl Alone {
    pub async fn born() -> Alone {
        let mut cluster = Cluster::new(1);
        cluster.start_all();
        let client = cluster.client().await;
        let admin = admin(&cluster.clients(0)).await.unwrap();
        Alone { cluster, client, admin }
    }

    pub async fn quota(&mut self, quota: Quota) -> Result<Quota, Status> {
        let request = UpdateQuotaRequest { quota: Some(quota) };
        Ok(self.admin.update_quota(request).await?.into_inner().quota.unwrap())
    }

    async fn put(&mut self, key: impl Into<Bytes>, length: usize) -> Result<PutResponse, Status> {
        let (key, value) = (key.into(), vec![b'v'; length].into());
        let request = PutRequest { key, value, ..PutRequest::default() };
        Ok(self.client.put(request).await?.into_inner())
    }

    async fn execute(&mut self, operations: Vec<Operation>) -> Vec<ExecuteResult> {
        let operation = |operation| ExecuteOperation { operation: Some(operation) };
        let operations = operations.into_iter().map(operation).collect();
        let requests = tokio_stream::iter([ExecuteRequest { operations }]);
        let mut stream = self.client.execute(requests).await.unwrap().into_inner();
        let mut results = Vec::new();
        while let Some(message) = stream.message().await.unwrap() {
            results.extend(message.results);
        }
        results
    }
}

/// Reads these keys and writes one.
fn reads(keys: &[&str]) -> TxnRequest {
    let get = |key: &&str| txn_operation::Operation::Get(TxnGet { key: key.to_string().into() });
    let write = TxnPut { key: "written".into(), ..TxnPut::default() };
    let operations = keys.iter().map(get).chain([txn_operation::Operation::Put(write)]);
    let operations = operations.map(|operation| TxnOperation { operation: Some(operation) });
    TxnRequest { then_operations: operations.collect(), ..TxnRequest::default() }
}

fn too_large(status: &Status) {
    check(
        status.clone(),
        Code::FailedPrecondition,
        "RESPONSE_TOO_LARGE",
        &[&format!("limit={MESSAGE}")],
    );
}

#[tokio::test]
async fn a_response_around_its_bound_is_received_or_nothing_is_executed() {
    let mut alone = Alone::born().await;
    for key in ["a", "b", "c"] {
        alone.put(key, 1 << 20).await.unwrap();
    }
    let request = reads(&["a", "b", "c", "d"]);
    let half = 1 << 19;
    alone.put("d", half).await.unwrap();
    let received = alone.client.txn(request.clone()).await.unwrap().into_inner();
    let rest = received.encoded_len() - half;
    let delete = DeleteRequest {
        target: Some(delete_request::Target::Range(KeyRange {
            start: "a".into(),
            end: "e".into(),
        })),
        return_previous: true,
        ..DeleteRequest::default()
    };
    let mut outcomes = [0, 0];
    for beyond in
        [-200, -160, -129, -128, -65, -64, -33, -32, -31, -17, -16, -1, 0, 1, 17, 32, 33, 64i64]
    {
        alone
            .client
            .delete(DeleteRequest {
                target: Some(delete_request::Target::Key("written".into())),
                ..DeleteRequest::default()
            })
            .await
            .unwrap();
        let wanted = (MESSAGE as i64 + beyond) as usize;
        alone.put("d", wanted - rest).await.unwrap();
        let answer = alone.client.txn(request.clone()).await;
        let written = alone.client.get(get("written")).await.unwrap().into_inner().kv.is_some();
        assert_eq!(answer.is_ok(), written, "{beyond}: {answer:?}");
        match &answer {
            Ok(response) => {
                let length = response.get_ref().encoded_len();
                assert!(length <= MESSAGE && length.abs_diff(wanted) <= 8, "{beyond}: {length}");
            }
            Err(status) => {
                too_large(status);
                assert!(wanted + FRAME > MESSAGE, "{beyond}: it would fit");
                too_large(&alone.client.delete(delete.clone()).await.unwrap_err());
            }
        }
        outcomes[usize::from(answer.is_ok())] += 1;
        // Each in a message of its own, though together they are many.
        for result in alone.execute(vec![Operation::Txn(request.clone()); 3]).await {
            match result.result.unwrap() {
                Done::Txn(_) => assert!(answer.is_ok(), "{beyond}"),
                Done::Failure(failure) => {
                    assert_eq!(failure.reason(), ErrorReason::ResponseTooLarge);
                    assert!(answer.is_err(), "{beyond}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(outcomes.iter().all(|times| *times > 1), "{outcomes:?}");
}

#[tokio::test]
async fn many_results_come_in_messages_that_clients_take() {
    let mut alone = Alone::born().await;
    for length in [1, 900 << 10, 1 << 20] {
        alone.put("k", length).await.unwrap();
        let list = ListRequest { page_size: 1, ..ListRequest::default() };
        let operations = [Operation::Get(get("k")), Operation::List(list)];
        let results = alone.execute(operations.iter().cycle().take(40).cloned().collect()).await;
        assert_eq!(results.len(), 40);
    }
}

#[tokio::test]
async fn whatever_can_be_written_can_be_read_listed_and_watched() {
    let mut alone = Alone::born().await;
    for value in [VALUE + 1, MESSAGE - 32, MESSAGE, 64 << 20] {
        let quota = Quota { max_value_bytes: Some(value as u64), ..Quota::default() };
        let limit = format!("limit={VALUE}");
        let refused = alone.quota(quota).await.unwrap_err();
        let metadata = ["field=max_value_bytes", &limit];
        check(refused, Code::InvalidArgument, "INVALID_SETTINGS", &metadata);
    }
    let quota = Quota { max_value_bytes: Some(VALUE as u64), ..Quota::default() };
    alone.quota(quota).await.unwrap();
    let keys: Vec<Bytes> =
        (0..3u8).map(|last| [vec![0xff; 4095], vec![last]].concat().into()).collect();
    let limit = format!("limit={VALUE}");
    let refused = alone.put(keys[0].clone(), VALUE + 1).await.unwrap_err();
    check(refused, Code::InvalidArgument, "INVALID_VALUE", &["field=value", &limit]);

    let mut watches =
        WatchServiceClient::connect(format!("http://{}", alone.cluster.clients(0))).await.unwrap();
    let mut streams = Vec::new();
    for return_previous in [false, true] {
        let target = Some(watch_request::Target::Prefix(Bytes::new()));
        let request = WatchRequest { target, return_previous, ..WatchRequest::default() };
        streams.push(watches.watch(request).await.unwrap().into_inner());
    }
    // Small changes come before each large one: that must not go into their message.
    for key in keys.iter().chain(&keys) {
        for _ in 0..4 {
            alone.put("small", 100 << 10).await.unwrap();
        }
        alone.put(key.clone(), VALUE).await.unwrap();
    }
    let newest = 30;
    for stream in &mut streams {
        let mut seen = 0;
        while seen < newest {
            let message = timeout(Duration::from_secs(30), stream.message()).await.unwrap();
            seen += message.expect("a message that a client takes").unwrap().events.len();
        }
    }
    let whole = |kv: &KeyValue| assert_eq!(kv.value.len(), VALUE);
    for key in &keys {
        let request = GetRequest { key: key.clone(), ..GetRequest::default() };
        whole(&alone.client.get(request.clone()).await.unwrap().into_inner().kv.unwrap());
        let get = txn_operation::Operation::Get(TxnGet { key: key.clone() });
        let then_operations = vec![TxnOperation { operation: Some(get) }];
        let txn = TxnRequest { then_operations, ..TxnRequest::default() };
        alone.client.txn(txn.clone()).await.unwrap();
        let results = alone.execute(vec![Operation::Get(request), Operation::Txn(txn)]).await;
        assert!(results.iter().all(|result| !matches!(result.result, Some(Done::Failure(_)))));
    }
    for order in [ListOrder::KeyAscending, ListOrder::KeyDescending, ListOrder::NewestFirst] {
        let mut request = ListRequest { order: order.into(), ..ListRequest::default() };
        let mut seen = 0;
        loop {
            let page = alone.client.list(request.clone()).await.unwrap().into_inner();
            seen += page.kvs.len();
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
            let results = alone.execute(vec![Operation::List(request.clone())]).await;
            assert!(matches!(results[0].result, Some(Done::List(_))));
        }
        assert_eq!(seen, 4);
    }
    let again = PutRequest { key: keys[0].clone(), return_previous: true, ..PutRequest::default() };
    whole(&alone.client.put(again).await.unwrap().into_inner().previous.unwrap());
    let delete = DeleteRequest {
        target: Some(delete_request::Target::Key(keys[1].clone())),
        return_previous: true,
        ..DeleteRequest::default()
    };
    whole(&alone.client.delete(delete).await.unwrap().into_inner().previous[0]);
}

#[tokio::test]
async fn an_unmet_condition_is_an_answer_however_long_the_value_in_its_way() {
    let mut alone = Alone::born().await;
    alone.put("k", 5000).await.unwrap();
    alone.quota(Quota { max_response_bytes: Some(1024), ..Quota::default() }).await.unwrap();
    let if_absent = Some(put_request::Condition::IfAbsent(true));
    let request = PutRequest { condition: if_absent, ..put("k", "w") };
    let unmet = alone.client.put(request.clone()).await.unwrap().into_inner();
    assert_eq!((unmet.succeeded, unmet.mod_revision, unmet.previous), (false, 1, None));
    let delete = DeleteRequest {
        target: Some(delete_request::Target::Key("k".into())),
        if_revision: Some(7),
        ..DeleteRequest::default()
    };
    assert!(!alone.client.delete(delete).await.unwrap().into_inner().succeeded);
    let asked = PutRequest { return_previous: true, ..request };
    let refused = alone.client.put(asked).await.unwrap_err();
    check(refused, Code::FailedPrecondition, "RESPONSE_TOO_LARGE", &["limit=1024"]);
}

#[tokio::test]
async fn a_key_longer_than_a_lowered_bound_can_be_read_and_deleted() {
    let mut alone = Alone::born().await;
    alone.put("a long key", 1).await.unwrap();
    alone.quota(Quota { max_key_bytes: Some(3), ..Quota::default() }).await.unwrap();
    let refused = alone.put("a long key", 1).await.unwrap_err();
    check(refused, Code::InvalidArgument, "INVALID_KEY", &["field=key", "limit=3"]);
    alone
        .client
        .txn(TxnRequest {
            compares: vec![Compare {
                key: "a long key".into(),
                operand: Some(compare::Operand::Version(1)),
                ..Compare::default()
            }],
            ..TxnRequest::default()
        })
        .await
        .unwrap();
    let range = KeyRange { start: "a long key".into(), end: "a long key\0".into() };
    let delete = DeleteRequest {
        target: Some(delete_request::Target::Range(range)),
        ..DeleteRequest::default()
    };
    assert_eq!(alone.client.delete(delete).await.unwrap().into_inner().deleted, 1);
}

#[tokio::test]
async fn a_quota_is_in_force_when_its_change_is_answered() {
    let mut alone = Alone::born().await;
    let values = |bytes| Quota { max_value_bytes: Some(bytes), ..Quota::default() };
    for round in 0..10 {
        alone.quota(values(100)).await.unwrap();
        for _ in 0..10 {
            let refused = alone.put("k", 101).await.unwrap_err();
            check(refused, Code::InvalidArgument, "INVALID_VALUE", &["field=value", "limit=100"]);
        }
        alone.quota(values(1000)).await.unwrap();
        for _ in 0..10 {
            alone.put("k", 1000).await.unwrap_or_else(|refused| panic!("{round}: {refused:?}"));
            let write =
                TxnPut { key: "k".into(), value: vec![0; 1000].into(), ..TxnPut::default() };
            let write = txn_operation::Operation::Put(write);
            let then_operations = vec![TxnOperation { operation: Some(write) }];
            let txn = TxnRequest { then_operations, ..TxnRequest::default() };
            alone.client.txn(txn.clone()).await.unwrap();
            let results = alone.execute(vec![Operation::Txn(txn)]).await;
            assert!(matches!(results[0].result, Some(Done::Txn(_))), "{results:?}");
        }
    }
}

#[tokio::test]
async fn two_changes_of_settings_at_once_are_both_in_force() {
    let alone = Alone::born().await;
    let change = |settings| {
        let mut admin = alone.admin.clone();
        let request = UpdateSettingsRequest { settings: Some(settings) };
        async move { admin.update_settings(request).await.unwrap().into_inner().settings.unwrap() }
    };
    for round in 1..20 {
        let bytes = Settings { max_tail_bytes: Some(round * 1000), ..Settings::default() };
        let ms = Settings { max_tail_ms: Some(round), ..Settings::default() };
        tokio::join!(change(bytes), change(ms));
        let settings = change(Settings::default()).await;
        assert_eq!(settings.max_tail_bytes, Some(round * 1000));
        assert_eq!(settings.max_tail_ms, Some(round));
    }
}
