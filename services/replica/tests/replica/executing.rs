//! Execute: in order, pipelined, bounded; what one operation does wrong is its result, and how streams
//! end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Status, Streaming};
use tonic_types::StatusExt;
use understudy_proto::admin::v1::HandOverRequest;
use understudy_proto::kv::v1::execute_operation::Operation;
use understudy_proto::kv::v1::execute_result::Result as Outcome;
use understudy_proto::kv::v1::*;

use crate::common::{Cluster, admin, check, get, key_values, put, reason, until};
use crate::crowd::{repair, stuck, waiting};

const PATIENCE: Duration = Duration::from_secs(20);

/// Both ends of a stream.
struct Stream {
    operations: mpsc::Sender<ExecuteRequest>,
    results: Streaming<ExecuteResponse>,
    /// Received and not yet asked for.
    ready: std::collections::VecDeque<ExecuteResult>,
    messages: usize,
}

impl Stream {
    async fn at(address: &str) -> Result<Stream, Status> {
        let (operations, receiver) = mpsc::channel(1);
        let mut client = key_values(address).await.unwrap().max_decoding_message_size(usize::MAX);
        let results = client.execute(ReceiverStream::new(receiver)).await?.into_inner();
        Ok(Stream { operations, results, ready: Default::default(), messages: 0 })
    }

    async fn of(cluster: &Cluster) -> Stream {
        Stream::at(&cluster.clients(cluster.primary().await)).await.unwrap()
    }

    async fn send(&self, operations: impl IntoIterator<Item = Operation>) {
        timeout(PATIENCE, self.operations.send(message(operations))).await.unwrap().unwrap();
    }

    /// The next result, or how the stream ends.
    async fn result(&mut self) -> Result<ExecuteResult, Status> {
        while self.ready.is_empty() {
            let response = timeout(PATIENCE, self.results.message()).await.expect("in time")?;
            let Some(response) = response else { return Err(Status::ok("the end")) };
            let last = response.results.last().expect("a message has results").revision;
            assert_eq!(response.header.unwrap().revision, last);
            self.ready.extend(response.results);
            self.messages += 1;
        }
        Ok(self.ready.pop_front().unwrap())
    }

    async fn shown(&mut self) -> String {
        shown(&self.result().await.unwrap())
    }

    async fn end(&mut self) -> Status {
        self.result().await.expect_err("the stream ends")
    }
}

fn message(operations: impl IntoIterator<Item = Operation>) -> ExecuteRequest {
    let operation = |operation| ExecuteOperation { operation: Some(operation) };
    ExecuteRequest { operations: operations.into_iter().map(operation).collect() }
}

fn write(key: &str, value: &str) -> Operation {
    Operation::Put(put(key, value))
}

fn read(key: &str) -> Operation {
    Operation::Get(get(key))
}

fn remove(key: &str) -> Operation {
    let target = Some(delete_request::Target::Key(key.to_string().into()));
    Operation::Delete(DeleteRequest { target, ..DeleteRequest::default() })
}

/// A result in short.
fn shown(result: &ExecuteResult) -> String {
    let value = |kv: &KeyValue| String::from_utf8_lossy(&kv.value).into_owned();
    let header = match result.result.as_ref().unwrap() {
        Outcome::Put(put) => (&put.header, format!("put {}", put.version)),
        Outcome::Get(get) => (&get.header, format!("got {:?}", get.kv.as_ref().map(value))),
        Outcome::Delete(delete) => (&delete.header, format!("deleted {}", delete.deleted)),
        Outcome::List(list) => (&list.header, format!("listed {}", list.kvs.len())),
        Outcome::Txn(txn) => (&txn.header, format!("txn of {}", txn.results.len())),
        Outcome::Failure(failure) => (&None, failure.reason().as_str_name()[13..].to_string()),
    };
    assert_eq!(*header.0, None);
    format!("{} @{}", header.1, result.revision)
}

async fn alone() -> Cluster {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    cluster.primary().await;
    cluster
}

#[tokio::test]
async fn results_come_in_the_order_of_the_operations() {
    let cluster = alone().await;
    let mut stream = Stream::of(&cluster).await;
    let txn = TxnRequest {
        then_operations: ["b", "c"]
            .map(|key| {
                txn_operation::Operation::Put(TxnPut { key: key.into(), ..TxnPut::default() })
            })
            .map(|operation| TxnOperation { operation: Some(operation) })
            .to_vec(),
        ..TxnRequest::default()
    };
    let list = |count_only| ListRequest { count_only, ..ListRequest::default() };
    stream.send([write("a", "1"), read("a"), Operation::Txn(txn)]).await;
    stream.send([Operation::List(list(false)), Operation::List(list(true)), remove("a")]).await;
    stream.send([read("a"), Operation::Get(GetRequest { revision: 1, ..get("a") })]).await;
    drop(std::mem::replace(&mut stream.operations, mpsc::channel(1).0));
    for wanted in [
        "put 1 @1",
        "got Some(\"1\") @1",
        "txn of 2 @2",
        "listed 3 @2",
        "listed 0 @2",
        "deleted 1 @3",
        "got None @3",
        "got Some(\"1\") @3",
    ] {
        assert_eq!(stream.shown().await, wanted);
    }
    assert_eq!(stream.end().await.code(), Code::Ok, "nothing is left to answer");
}

/// The backup's confirmation of a read and its acknowledgement of a write are not ordered by themselves.
#[tokio::test]
async fn a_read_sees_the_writes_sent_before_it_and_none_sent_after() {
    let cluster = Cluster::born(2).await;
    cluster.paired().await;
    let mut stream = Stream::of(&cluster).await;
    let rounds = 300;
    for round in 0..rounds {
        let (first, second) = (format!("{round}a"), format!("{round}b"));
        stream.send([write("k", &first), read("k"), write("k", &second), read("k")]).await;
        if round % 50 < 49 {
            continue;
        }
        for round in round - 49..=round {
            for step in ["a", "b"] {
                assert!(stream.shown().await.starts_with("put "));
                let got = stream.shown().await;
                assert!(got.starts_with(&format!("got Some(\"{round}{step}\") ")), "{got}");
            }
        }
    }
}

#[tokio::test]
async fn what_fails_is_a_result_as_its_call_would_say_and_the_stream_goes_on() {
    let cluster = alone().await;
    let mut client = cluster.client().await;
    let mut stream = Stream::of(&cluster).await;
    let stamp = Some(RequestStamp { session_id: 77, sequence: 1, received_below: 1 });
    let bad = [
        put("", "v"),
        PutRequest { value: vec![0; (1 << 20) + 1].into(), ..put("k", "v") },
        PutRequest { stamp, ..put("k", "v") },
        PutRequest { lifetime: Some(put_request::Lifetime::LeaseId(-1)), ..put("k", "v") },
    ];
    for request in bad {
        stream.send([Operation::Put(request.clone()), write("good", "v")]).await;
        let result = stream.result().await.unwrap();
        let (revision, Some(Outcome::Failure(failure))) = (result.revision, result.result) else {
            panic!("a failure")
        };
        let single = client.put(request).await.unwrap_err();
        assert_eq!(
            (revision, failure.code, &failure.message[..]),
            (0, single.code() as i32, single.message())
        );
        let info = single.get_details_error_info().unwrap();
        assert_eq!(failure.reason().as_str_name(), format!("ERROR_REASON_{}", info.reason));
        assert_eq!(failure.metadata, info.metadata);
        assert!(stream.shown().await.starts_with("put "));
    }
    let future = Operation::Get(GetRequest { revision: 99, ..get("k") });
    let nothing = ExecuteOperation::default();
    stream.send([future, write("good", "v")]).await;
    stream.operations.send(ExecuteRequest { operations: vec![nothing] }).await.unwrap();
    assert_eq!(stream.shown().await, "FUTURE_REVISION @0");
    assert_eq!(stream.shown().await, "put 5 @5");
    assert_eq!(stream.shown().await, "INVALID_FIELD @0");
}

#[tokio::test]
async fn a_message_beyond_its_limits_ends_the_stream_after_what_was_sent_before() {
    let cluster = alone().await;
    let mut stream = Stream::of(&cluster).await;
    stream.send((0..1024).map(|n| write(&n.to_string(), "v"))).await;
    stream.send((0..1025).map(|_| write("too many", "v"))).await;
    for _ in 0..1024 {
        assert!(stream.shown().await.starts_with("put 1 @"));
    }
    check(stream.end().await, Code::InvalidArgument, "REQUEST_TOO_LARGE", &["limit=1024"]);

    let mut stream = Stream::of(&cluster).await;
    stream.send([write("a", "v")]).await;
    let value = "x".repeat(1 << 20);
    stream.send((0..4).map(|_| write("too large", &value))).await;
    assert!(stream.shown().await.starts_with("put 1 @"));
    check(stream.end().await, Code::InvalidArgument, "REQUEST_TOO_LARGE", &["limit=4194304"]);
    let mut client = cluster.client().await;
    for key in ["too many", "too large"] {
        assert_eq!(client.get(get(key)).await.unwrap().into_inner().kv, None);
    }
}

#[tokio::test]
async fn no_more_is_read_while_1024_operations_are_without_a_result() {
    let (cluster, primary) = stuck(100_000).await;
    let mut stream = Stream::at(&cluster.clients(primary)).await.unwrap();
    let (sent, operations) = (Arc::new(AtomicUsize::new(0)), stream.operations.clone());
    let counted = sent.clone();
    let value = "x".repeat(1 << 20);
    let sending = tokio::spawn(async move {
        for n in 0..2 {
            let keys = (0..800).map(|key| write(&format!("{}", n * 800 + key), "v"));
            operations.send(message(keys)).await.unwrap();
        }
        for _ in 0..40 {
            operations.send(message([write("large", &value)])).await.unwrap();
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    until("they wait", async || waiting(&cluster, primary).await == "1024").await;
    // Flow control lets some of the large ones leave, into the server's buffer.
    sleep(Duration::from_millis(300)).await;
    assert_eq!(waiting(&cluster, primary).await, "1024");
    let ahead = sent.load(Ordering::Relaxed);
    assert!(ahead < 20, "{ahead} MiB are sent ahead");

    repair(&cluster);
    let mut revision = 0;
    for _ in 0..1640 {
        let result = stream.result().await.unwrap();
        assert!(matches!(result.result, Some(Outcome::Put(_))), "{result:?}");
        assert!(result.revision > revision, "in order");
        revision = result.revision;
    }
    assert!(stream.messages < 400, "what is ready together comes together: {}", stream.messages);
    sending.await.unwrap();
}

#[tokio::test]
async fn a_stream_waits_for_places_and_leaves_some_to_others() {
    let (cluster, primary) = stuck(4).await;
    let client = key_values(&cluster.clients(primary)).await.unwrap();
    let mut stream = Stream::at(&cluster.clients(primary)).await.unwrap();
    stream.send((0..20).map(|n| write(&n.to_string(), "v"))).await;
    until("half of the permits are taken", async || waiting(&cluster, primary).await == "2").await;
    let mut others = Vec::new();
    for n in 0..2 {
        // A connection takes no more permits than it leaves free.
        let mut client = key_values(&cluster.clients(primary)).await.unwrap();
        let put = put(&format!("other {n}"), "v");
        others.push(tokio::spawn(async move { client.put(put).await }));
    }
    until("all permits are taken", async || waiting(&cluster, primary).await == "4").await;
    let refused = client.clone().get(get("k")).await.unwrap_err();
    assert_eq!(reason(&refused).0, "OVERLOADED");

    repair(&cluster);
    for other in others {
        other.await.unwrap().unwrap();
    }
    for _ in 0..20 {
        assert!(stream.shown().await.starts_with("put 1 @"));
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_the_stream() {
    let cluster = alone().await;
    let mut client = cluster.client().await;
    client.put(put("k", &"x".repeat(1 << 20))).await.unwrap();
    let before = cluster.status(0).await.unwrap().counters.unwrap().reads;
    let mut stream = Stream::of(&cluster).await;
    for _ in 0..2 {
        stream.send((0..1000).map(|_| read("k"))).await;
    }
    let reads = async || cluster.status(0).await.unwrap().counters.unwrap().reads - before;
    until("it reads ahead", async || reads().await >= 1024).await;
    sleep(Duration::from_millis(300)).await;
    let ahead = reads().await;
    assert!(ahead < 1_100, "{ahead} reads ahead of the client");
    for _ in 0..100 {
        assert!(stream.shown().await.starts_with("got Some"));
    }
    until("it goes on", async || reads().await > ahead).await;
}

#[tokio::test]
async fn only_the_primary_of_the_cluster_wanted_begins_a_stream() {
    let cluster = Cluster::born(2).await;
    let primary = cluster.paired().await;
    let address = cluster.clients(1 - primary);
    let refused = Stream::at(&address).await.err().expect("a backup executes nothing");
    let (name, metadata) = reason(&refused);
    assert_eq!((refused.code(), &name[..]), (Code::Unavailable, "NOT_PRIMARY"));
    assert!(metadata.contains(&format!("primary={}", cluster.clients(primary))), "{metadata:?}");

    let mut client = key_values(&cluster.clients(primary)).await.unwrap();
    let mut request = Request::new(tokio_stream::iter([message([write("k", "v")])]));
    request.metadata_mut().insert("understudy-cluster-id", "0".repeat(31).parse().unwrap());
    let refused = client.execute(request).await.unwrap_err();
    assert_eq!(reason(&refused).0, "INVALID_METADATA");
    let mut request = Request::new(tokio_stream::iter([message([write("k", "v")])]));
    request.metadata_mut().insert("understudy-cluster-id", "1".repeat(32).parse().unwrap());
    let refused = client.execute(request).await.unwrap_err();
    assert_eq!(reason(&refused).0, "WRONG_CLUSTER");
    assert_eq!(client.get(get("k")).await.unwrap().into_inner().kv, None);
}

#[tokio::test]
async fn a_handover_ends_streams_and_executes_nothing_after_the_last_result() {
    let cluster = Cluster::born(2).await;
    let old = cluster.paired().await;
    let mut idle = Stream::of(&cluster).await;
    let mut busy = Stream::of(&cluster).await;
    let operations = busy.operations.clone();
    let sending = tokio::spawn(async move {
        for n in 0.. {
            let keys = (0..20).map(|key| write(&(n * 20 + key).to_string(), "v"));
            if operations.send(message(keys)).await.is_err() {
                break;
            }
        }
    });
    for _ in 0..500 {
        assert!(busy.shown().await.starts_with("put 1 @"));
    }
    let mut operator = admin(&cluster.clients(old)).await.unwrap();
    let handed = tokio::spawn(async move { operator.hand_over(HandOverRequest::default()).await });
    let mut executed = 500;
    let end = loop {
        match busy.result().await {
            Ok(_) => executed += 1,
            Err(end) => break end,
        }
    };
    handed.await.unwrap().unwrap();
    assert_eq!(reason(&end).0, "NOT_PRIMARY", "{end:?}");
    let (name, metadata) = reason(&idle.end().await);
    assert_eq!(name, "NOT_PRIMARY");
    assert!(metadata.contains(&format!("primary={}", cluster.clients(1 - old))), "{metadata:?}");
    drop(busy);
    sending.abort();

    let mut client = key_values(&cluster.clients(1 - old)).await.unwrap();
    let list = ListRequest { count_only: true, ..ListRequest::default() };
    let count = client.list(list).await.unwrap().into_inner().count;
    assert_eq!(count, executed, "NOT_PRIMARY says that nothing else was executed");
}

#[tokio::test]
async fn a_primary_that_leaves_does_not_wait_for_idle_streams() {
    let mut cluster = Cluster::born(2).await;
    let old = cluster.paired().await;
    let mut stream = Stream::of(&cluster).await;
    stream.send([write("k", "v")]).await;
    assert_eq!(stream.shown().await, "put 1 @1");
    let begun = std::time::Instant::now();
    cluster.leave(old);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    check_gone(stream.end().await);
}

/// The replica says so, or its end does: then the connection is gone.
#[track_caller]
fn check_gone(end: Status) {
    match &reason(&end).0[..] {
        "NOT_PRIMARY" => assert_eq!(end.code(), Code::Unavailable, "{end:?}"),
        "" => assert!(matches!(end.code(), Code::Unavailable | Code::Unknown), "{end:?}"),
        _ => panic!("{end:?}"),
    }
}
