//! Any two byte strings as a range, in every call that takes one, against a plain ordered map.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Code, Status};
use understudy_proto::kv::v1::execute_operation::Operation;
use understudy_proto::kv::v1::execute_result::Result as Done;
use understudy_proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_proto::kv::v1::watch_service_client::WatchServiceClient;
use understudy_proto::kv::v1::*;

use crate::common::{Cluster, check};

const KEYS: [&[u8]; 10] =
    [b"\0", b"\0\0", b"\0\xff", b"\x01", b"a", b"a\0", b"a\xff", b"b", b"\xff", b"\xff\xff"];

/// What ends are: every key, and what lies beside one.
const ENDS: [&[u8]; 15] = [
    b"",
    b"\0",
    b"\0\0",
    b"\0\x01",
    b"\0\xff",
    b"\x01",
    b"a",
    b"a\0",
    b"a\0\0",
    b"a\xff",
    b"b",
    b"b\0",
    b"\xfe\xff",
    b"\xff",
    b"\xff\xff",
];

/// The store as a map: the revision at which each key was written.
type Plain = BTreeMap<Bytes, i64>;

/// A range as the contract has it, and by definition: which keys lie in it, and whether it is one.
#[derive(Clone, Copy, Debug)]
struct Span(&'static [u8], &'static [u8]);

impl Span {
    fn holds(self, key: &[u8]) -> bool {
        key >= self.0 && (self.1.is_empty() || key < self.1)
    }

    fn is_one(self) -> bool {
        self.1.is_empty() || self.1 > self.0
    }

    fn range(self) -> KeyRange {
        KeyRange { start: self.0.into(), end: self.1.into() }
    }

    fn within(self, plain: &Plain) -> Vec<(Bytes, i64)> {
        let found = plain.iter().filter(|(key, _)| self.holds(key));
        found.map(|(key, revision)| (key.clone(), *revision)).collect()
    }
}

fn spans() -> impl Iterator<Item = Span> {
    ENDS.into_iter().flat_map(|start| ENDS.into_iter().map(move |end| Span(start, end)))
}

struct Store {
    client: KeyValueServiceClient<Channel>,
    plain: Plain,
    /// What happened since the beginning: the key, and whether it was deleted, by revision.
    log: Vec<(i64, Bytes, bool)>,
}

/// Key and revision of each record.
fn shown(kvs: &[KeyValue]) -> Vec<(Bytes, i64)> {
    kvs.iter().map(|kv| (kv.key.clone(), kv.mod_revision)).collect()
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) {
    check(answer.unwrap_err(), Code::InvalidArgument, "INVALID_RANGE", &["field=end"]);
}

impl Store {
    async fn new(cluster: &Cluster) -> Store {
        Store { client: cluster.client().await, plain: Plain::new(), log: Vec::new() }
    }

    async fn txn(
        &mut self,
        operations: Vec<txn_operation::Operation>,
    ) -> Result<TxnResponse, Status> {
        let operations = operations.into_iter().map(|o| TxnOperation { operation: Some(o) });
        let request = TxnRequest { then_operations: operations.collect(), ..Default::default() };
        Ok(self.client.txn(request).await?.into_inner())
    }

    async fn list(&mut self, request: &ListRequest) -> Result<ListResponse, Status> {
        Ok(self.client.list(request.clone()).await?.into_inner())
    }

    async fn execute(&mut self, operation: Operation) -> ExecuteResult {
        let operations = vec![ExecuteOperation { operation: Some(operation) }];
        let requests = tokio_stream::iter([ExecuteRequest { operations }]);
        let mut results = self.client.execute(requests).await.unwrap().into_inner();
        results.message().await.unwrap().unwrap().results.remove(0)
    }

    /// Puts back what is missing, in two revisions, so that both orders by revision have ties.
    async fn fill(&mut self) {
        for half in [0, 1] {
            let all = KEYS.iter().skip(half).step_by(2).map(|key| Bytes::from_static(key));
            let missing: Vec<Bytes> = all.filter(|key| !self.plain.contains_key(key)).collect();
            if missing.is_empty() {
                continue;
            }
            let put = |key: &Bytes| TxnPut { key: key.clone(), ..TxnPut::default() };
            let puts = missing.iter().map(|key| txn_operation::Operation::Put(put(key)));
            let revision = self.txn(puts.collect()).await.unwrap().header.unwrap().revision;
            for key in missing {
                self.log.push((revision, key.clone(), false));
                self.plain.insert(key, revision);
            }
        }
    }

    /// These keys are gone, and no others.
    async fn deleted(&mut self, gone: &[(Bytes, i64)], revision: i64) {
        for (key, _) in gone {
            self.plain.remove(key);
            self.log.push((revision, key.clone(), true));
        }
        let left = self.list(&ListRequest::default()).await.unwrap();
        assert_eq!(shown(&left.kvs), Span(b"", b"").within(&self.plain));
    }

    async fn check_lists(&mut self, span: Span) {
        let target = Some(list_request::Target::Range(span.range()));
        let count = ListRequest { target: target.clone(), count_only: true, ..Default::default() };
        let counted = self.list(&count).await;
        if !span.is_one() {
            refused(counted);
            return refused(self.list(&ListRequest { target, ..Default::default() }).await);
        }
        let mut expected = span.within(&self.plain);
        assert_eq!(counted.unwrap().count as usize, expected.len(), "{span:?}");
        for order in [ListOrder::KeyAscending, ListOrder::KeyDescending, ListOrder::NewestFirst] {
            match order {
                ListOrder::KeyDescending => expected.reverse(),
                ListOrder::NewestFirst => {
                    expected.sort_by_key(|(key, revision)| (-revision, key.clone()));
                }
                _ => {}
            }
            for page_size in [0, 1, 2] {
                let (order, target) = (order.into(), target.clone());
                let mut request = ListRequest { target, order, page_size, ..Default::default() };
                let mut seen = Vec::new();
                loop {
                    let page = self.list(&request).await.unwrap();
                    seen.extend(shown(&page.kvs));
                    request.page_token = page.next_page_token;
                    if request.page_token.is_empty() {
                        break;
                    }
                }
                assert_eq!(seen, expected, "{span:?} by {order}, {page_size} a page");
            }
        }
        let request = ListRequest { target, ..ListRequest::default() };
        let Some(Done::List(listed)) = self.execute(Operation::List(request)).await.result else {
            panic!("a list of {span:?}");
        };
        assert_eq!(shown(&listed.kvs), span.within(&self.plain), "{span:?}");
    }

    async fn check_txn_list(&mut self, span: Span) {
        for limit in [0, 1, 3] {
            let list = TxnList { range: Some(span.range()), limit };
            let answer = self.txn(vec![txn_operation::Operation::List(list)]).await;
            if !span.is_one() {
                return refused(answer);
            }
            let expected = span.within(&self.plain);
            let most = if limit == 0 { expected.len() } else { expected.len().min(limit as usize) };
            let Some(txn_result::Result::List(listed)) = answer.unwrap().results.remove(0).result
            else {
                panic!("a list of {span:?}");
            };
            assert_eq!(shown(&listed.kvs), expected[..most], "{span:?}, {limit}");
            assert_eq!(listed.more, most < expected.len(), "{span:?}, {limit}");
        }
    }

    async fn check_deletes(&mut self, span: Span) {
        let target = Some(delete_request::Target::Range(span.range()));
        let delete = DeleteRequest { target, return_previous: true, ..DeleteRequest::default() };
        let in_txn = txn_operation::Operation::Delete(TxnDelete {
            target: Some(txn_delete::Target::Range(span.range())),
            return_previous: true,
            limit: 0,
        });
        if !span.is_one() {
            refused(self.client.delete(delete.clone()).await);
            refused(self.txn(vec![in_txn]).await);
            let failed = self.execute(Operation::Delete(delete)).await.result;
            let Some(Done::Failure(failure)) = failed else { panic!("{span:?}: {failed:?}") };
            assert_eq!(failure.reason(), ErrorReason::InvalidRange);
            return self.deleted(&[], 0).await;
        }
        let expected = span.within(&self.plain);
        let done = self.client.delete(delete.clone()).await.unwrap().into_inner();
        assert_eq!((shown(&done.previous), done.more), (expected.clone(), false), "{span:?}");
        assert_eq!(done.deleted as usize, expected.len(), "{span:?}");
        self.deleted(&expected, done.header.unwrap().revision).await;

        self.fill().await;
        let expected = span.within(&self.plain);
        let limited = DeleteRequest { limit: 1, ..delete.clone() };
        let done = self.client.delete(limited).await.unwrap().into_inner();
        let first = &expected[..expected.len().min(1)];
        assert_eq!(
            (&shown(&done.previous)[..], done.more),
            (first, expected.len() > 1),
            "{span:?}"
        );
        self.deleted(first, done.header.unwrap().revision).await;

        self.fill().await;
        let expected = span.within(&self.plain);
        let mut done = self.txn(vec![in_txn]).await.unwrap();
        let Some(txn_result::Result::Delete(deleted)) = done.results.remove(0).result else {
            panic!("a delete of {span:?}");
        };
        assert_eq!(shown(&deleted.previous), expected, "{span:?}");
        self.deleted(&expected, done.header.unwrap().revision).await;

        self.fill().await;
        let expected = span.within(&self.plain);
        let done = self.execute(Operation::Delete(delete)).await;
        let Some(Done::Delete(deleted)) = done.result else { panic!("a delete of {span:?}") };
        assert_eq!(shown(&deleted.previous), expected, "{span:?}");
        self.deleted(&expected, done.revision).await;
        self.fill().await;
    }

    /// Every change of the range from the beginning on, and no other.
    async fn check_watch(&self, mut watches: WatchServiceClient<Channel>, span: Span) {
        let request = WatchRequest {
            target: Some(watch_request::Target::Range(span.range())),
            from: Some(watch_request::From::StartRevision(1)),
            progress_interval_ms: 100,
            ..WatchRequest::default()
        };
        let opened = watches.watch(request).await;
        if !span.is_one() {
            return refused(opened.map(|_| ()));
        }
        let newest = self.log.last().map_or(0, |(revision, ..)| *revision);
        let (mut stream, mut seen) = (opened.unwrap().into_inner(), Vec::new());
        loop {
            let next = timeout(Duration::from_secs(20), stream.message()).await;
            let message = next.expect("a message in time").unwrap().unwrap();
            seen.extend(message.events.iter().map(|event| {
                let kv = event.kv.as_ref().unwrap();
                (kv.mod_revision, kv.key.clone(), event.r#type() == EventType::Delete)
            }));
            if message.revision >= newest && !message.more {
                break;
            }
        }
        let mut expected: Vec<_> =
            self.log.iter().filter(|(_, key, _)| span.holds(key)).cloned().collect();
        expected.sort();
        assert_eq!(seen, expected, "{span:?}");
    }
}

#[tokio::test]
async fn any_two_byte_strings_are_a_range_of_what_lies_between() {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut store = Store::new(&cluster).await;
    store.fill().await;
    for span in spans() {
        store.check_lists(span).await;
        store.check_txn_list(span).await;
        store.check_deletes(span).await;
    }
    let address = format!("http://{}", cluster.clients(0));
    let watches = WatchServiceClient::connect(address).await.unwrap();
    let all = spans().map(|span| store.check_watch(watches.clone(), span));
    futures_util::future::join_all(all).await;
}

/// Two ranges of a Txn meet where a key can lie in both, whatever their ends.
#[tokio::test]
async fn a_txn_deletes_no_key_twice_and_refuses_nothing_else() {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut store = Store::new(&cluster).await;
    let delete = |range: KeyRange| {
        let target = Some(txn_delete::Target::Range(range));
        txn_operation::Operation::Delete(TxnDelete { target, ..TxnDelete::default() })
    };
    let some: Vec<Span> = spans().filter(|span| span.is_one()).step_by(3).collect();
    for one in &some {
        for other in &some {
            // The later start is in both, if any key is; no key is empty.
            let first = one.0.max(other.0).max(b"\0");
            let meet = one.holds(first) && other.holds(first);
            let answer = store.txn(vec![delete(one.range()), delete(other.range())]).await;
            match answer {
                Ok(_) => assert!(!meet, "{one:?} {other:?}"),
                Err(status) => {
                    assert!(meet, "{one:?} {other:?}: {status:?}");
                    check(status, Code::InvalidArgument, "INVALID_TXN", &["field=operations"]);
                }
            }
        }
    }
}
