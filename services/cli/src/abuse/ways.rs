//! What a client does in each of the ways.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use prost::Message;
use tokio::net::TcpStream;
use understudy_proto::kv::v1::{
    ExecuteOperation, ExecuteRequest, GetRequest, KeyRange, ListOrder, ListRequest,
    OpenSessionRequest, PutRequest, TxnList, TxnOperation, TxnPut, TxnRequest, WatchRequest,
    execute_operation, list_request, txn_operation, txn_put, watch_request,
};

use super::data::{LARGE, LARGE_KEYS, SMALL};
use super::rows::Target;
use super::wire::{Call, Wire, announced, framed, raw};

pub(super) const GET: &str = "/understudy.kv.v1.KeyValueService/Get";
pub(super) const PUT: &str = "/understudy.kv.v1.KeyValueService/Put";
pub(super) const LIST: &str = "/understudy.kv.v1.KeyValueService/List";
pub(super) const TXN: &str = "/understudy.kv.v1.KeyValueService/Txn";
pub(super) const EXECUTE: &str = "/understudy.kv.v1.KeyValueService/Execute";
pub(super) const OPEN: &str = "/understudy.kv.v1.SessionService/OpenSession";
pub(super) const WATCH: &str = "/understudy.kv.v1.WatchService/Watch";
pub(super) const INQUIRE: &str = "/understudy.replication.v1.ReplicationService/Inquire";

/// What HTTP/2 gives if nobody asks for more.
pub(super) const WINDOW: u32 = 65_535;

/// Milliseconds.
const DAY: i64 = 86_400_000;

pub(super) fn open_session() -> OpenSessionRequest {
    OpenSessionRequest { ttl_ms: DAY }
}

/// A transaction of which each put grants a lease.
pub(super) fn granting_txn() -> TxnRequest {
    let put = |n: usize| {
        let lifetime = Some(txn_put::Lifetime::TtlMs(DAY));
        let put = TxnPut { key: format!("leased/{n}").into(), lifetime, ..TxnPut::default() };
        TxnOperation { operation: Some(txn_operation::Operation::Put(put)) }
    };
    TxnRequest { then_operations: (0..128).map(put).collect(), ..TxnRequest::default() }
}

pub(super) fn list(prefix: &'static str, order: i32) -> ListRequest {
    let target = Some(list_request::Target::Prefix(Bytes::from_static(prefix.as_bytes())));
    ListRequest { target, order, page_size: 10_000, ..ListRequest::default() }
}

pub(super) fn listing_txn() -> TxnRequest {
    listing_txn_of(1)
}

pub(super) fn listing_txn_of(lists: usize) -> TxnRequest {
    let range = KeyRange { start: SMALL.into(), end: Bytes::new() };
    let list = TxnList { range: Some(range), limit: 10_000 };
    let operation = TxnOperation { operation: Some(txn_operation::Operation::List(list)) };
    TxnRequest { then_operations: vec![operation; lists], ..TxnRequest::default() }
}

pub(super) fn watch_all() -> WatchRequest {
    WatchRequest {
        target: Some(watch_request::Target::Prefix(Bytes::new())),
        from: Some(watch_request::From::StartRevision(1)),
        ..WatchRequest::default()
    }
}

pub(super) fn get(n: usize) -> GetRequest {
    GetRequest { key: format!("{LARGE}{}", n % LARGE_KEYS).into(), ..GetRequest::default() }
}

pub(super) fn many_gets() -> ExecuteRequest {
    let operation =
        |n| ExecuteOperation { operation: Some(execute_operation::Operation::Get(get(n))) };
    ExecuteRequest { operations: (0..64).map(operation).collect() }
}

/// Asks, and holds what it gets to without reading it.
pub(super) async fn request_all<M: Message>(
    wire: &mut Wire,
    path: &str,
    messages: impl IntoIterator<Item = M>,
) -> Vec<Call> {
    let mut calls = Vec::new();
    for message in messages {
        match wire.request(path, &message).await {
            Ok(call) => calls.push(call),
            Err(_) => break,
        }
    }
    calls
}

/// Connects `connections` times, asks on each, and asks anew when it is turned away.
pub(super) async fn hold<M: Message + Clone>(
    address: String,
    window: u32,
    path: &'static str,
    messages: Vec<M>,
    connections: usize,
) {
    let each = (0..connections).map(|_| async {
        loop {
            let Ok(mut wire) = Wire::connect(&address, window).await else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            let calls = request_all(&mut wire, path, messages.iter().cloned()).await;
            if calls.len() == messages.len() {
                wire.closed().await;
            }
            drop(calls);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    join_all(each).await;
}

pub(super) async fn gets(target: Target, connections: usize, each: usize, window: u32) {
    hold(target.clients, window, GET, (0..each).map(get).collect(), connections).await;
}

pub(super) async fn unread<M: Message + Clone>(
    target: Target,
    path: &'static str,
    message: M,
    count: usize,
) {
    hold(target.clients, WINDOW, path, vec![message; count], 1).await;
}

pub(super) async fn spread<M: Message + Clone>(
    target: Target,
    path: &'static str,
    message: M,
    connections: usize,
    each: usize,
) {
    hold(target.clients, WINDOW, path, vec![message; each], connections).await;
}

/// The same call again and again, several under way, each answered.
pub(super) async fn endless<M: Message>(
    target: Target,
    path: &'static str,
    message: M,
    at_once: usize,
) {
    loop {
        let Ok(mut wire) = Wire::connect(&target.clients, 8 << 20).await else { return };
        let mut under_way = FuturesUnordered::new();
        while let Ok(call) = wire.request(path, &message).await {
            under_way.push(call.answered());
            if under_way.len() >= at_once {
                under_way.next().await;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(super) async fn announced_only(address: String, path: &'static str) {
    let each = (0..3).map(|_| async {
        let Ok(mut wire) = Wire::connect(&address, WINDOW).await else { return };
        let mut calls = Vec::new();
        for _ in 0..1_000 {
            let Ok(mut call) = wire.call(path).await else { break };
            let prefix = Bytes::copy_from_slice(&announced(4 << 20));
            if call.request.send_data(prefix, false).is_err() {
                break;
            }
            calls.push(call);
        }
        wire.closed().await;
    });
    join_all(each).await;
}

pub(super) async fn lacking(target: Target) {
    let message = Bytes::from(vec![b'x'; (8 << 20) - 1]);
    let each = (0..26).map(|_| async {
        let Ok(mut wire) = Wire::connect(&target.clients, WINDOW).await else { return };
        let mut calls = Vec::new();
        for _ in 0..10 {
            let Ok(mut call) = wire.call(PUT).await else { return };
            if call.request.send_data(Bytes::copy_from_slice(&announced(8 << 20)), false).is_err() {
                return;
            }
            calls.push(call);
        }
        join_all(calls.iter_mut().map(|call| call.send_slowly(message.clone()))).await;
        wire.closed().await;
    });
    join_all(each).await;
}

pub(super) async fn pings(target: Target) {
    let window = [&[0, 4][..], &65_535_u32.to_be_bytes()].concat();
    let both = [raw::frame(raw::SETTINGS, 0, 0, &window), raw::frame(raw::PING, 0, 0, &[7; 8])]
        .concat()
        .repeat(100);
    let each = (0..20).map(|_| async {
        loop {
            if let Ok(mut requests) = raw::connect(&target.clients).await {
                while requests.write_all(&both).await.is_ok() {}
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    join_all(each).await;
}

/// Sends the same again and again, each time on a connection of its own, on which it stays for so long unless that is
/// closed.
async fn send_raw(address: String, connections: usize, bytes: Vec<u8>, stay: Duration) {
    let each = (0..connections).map(|_| async {
        loop {
            if let Ok(mut requests) = raw::connect(&address).await
                && requests.write_all(&bytes).await.is_ok()
            {
                let _ = tokio::time::timeout(stay, requests.closed()).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    join_all(each).await;
}

/// The first call announces a long message, and has its turn; the others wait for theirs.
pub(super) async fn small_frames(target: Target) {
    let begin = |stream| {
        let announced = announced(8 << 20);
        [raw::call(stream, PUT, 0), raw::frame(raw::DATA, 0, stream, &announced)].concat()
    };
    let bytes = |payload: &[u8]| {
        let both = [3, 5].map(|stream| raw::frame(raw::DATA, 0, stream, payload)).concat();
        [[1, 3, 5].map(begin).concat(), both.repeat(60_000 / payload.len())].concat()
    };
    let send = |payload| send_raw(target.clients.clone(), 50, bytes(payload), Duration::MAX);
    tokio::join!(send(b"x"), send(b"xxxxxxxx"));
}

pub(super) async fn headers(target: Target) {
    let call = |n: u32| {
        let stream = 2 * n + 1;
        [raw::call(stream, PUT, 400), raw::frame(raw::DATA, 0, stream, &announced(100))].concat()
    };
    send_raw(target.clients, 16, (0..1_000).flat_map(call).collect(), Duration::MAX).await;
}

/// Calls that are reset as soon as they have begun, without end.
pub(super) async fn resets(target: Target) {
    let call = |n: u32| {
        let stream = 2 * n + 1;
        let cancel = raw::frame(raw::RST_STREAM, 0, stream, &8_u32.to_be_bytes());
        [raw::call(stream, PUT, 0), cancel].concat()
    };
    send_raw(target.clients, 50, (0..100_000).flat_map(call).collect(), Duration::ZERO).await;
}

/// Connections that greet and go, without end.
pub(super) async fn churn(target: Target) {
    let each = (0..50).map(|_| async {
        loop {
            let _ = raw::connect(&target.clients).await;
        }
    });
    join_all(each).await;
}

pub(super) async fn cancelled(target: Target) {
    let list = list(SMALL, ListOrder::NewestFirst.into());
    let each = (0..8).map(|_| async {
        loop {
            let Ok(mut wire) = Wire::connect(&target.clients, WINDOW).await else { return };
            while let Ok(call) = wire.request(LIST, &list).await {
                tokio::time::sleep(Duration::from_micros(500)).await;
                drop(call);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    join_all(each).await;
}

pub(super) async fn watched(target: Target) {
    let watch = WatchRequest {
        target: Some(watch_request::Target::Prefix(Bytes::from_static(b"watched"))),
        ..WatchRequest::default()
    };
    let each = (0..3).map(|_| async {
        let Ok(mut wire) = Wire::connect(&target.clients, 8 << 20).await else { return };
        let calls = request_all(&mut wire, WATCH, vec![watch.clone(); 100]).await;
        join_all(calls.into_iter().map(Call::read)).await;
    });
    tokio::join!(join_all(each), write(&target, "watched".into(), 1 << 20));
}

pub(super) async fn large_writes(target: Target) {
    let each = (0..8).map(|stream| write(&target, format!("written/{stream}"), 1_000_000));
    join_all(each).await;
}

pub(super) async fn overwrites(target: Target) {
    join_all((0..4).map(|_| write(&target, "overwritten".into(), 1 << 20))).await;
}

/// Writes one key on a stream, as fast as it is taken; looks for the primary no further.
pub(super) async fn write(target: &Target, key: String, bytes: usize) {
    let Ok(mut wire) = Wire::connect(&target.clients, WINDOW).await else { return };
    let Ok(mut call) = wire.call(EXECUTE).await else { return };
    let value = vec![b'x'; bytes].into();
    let put = PutRequest { key: key.into(), value, ..PutRequest::default() };
    let operation = ExecuteOperation { operation: Some(execute_operation::Operation::Put(put)) };
    let message = framed(&ExecuteRequest { operations: vec![operation] }.encode_to_vec());
    // The answers are few bytes: they fit the window.
    while call.send_slowly(message.clone()).await.is_ok() {}
}

pub(super) async fn silent(address: String, count: usize) {
    loop {
        let mut open = Vec::new();
        for _ in 0..count {
            match TcpStream::connect(&address).await {
                Ok(stream) => open.push(stream),
                Err(_) => break,
            }
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

pub(super) async fn greeted(target: Target) {
    let mut open = Vec::new();
    for _ in 0..3_000 {
        if let Ok(wire) = Wire::connect(&target.clients, WINDOW).await {
            open.push(wire);
        }
    }
    std::future::pending::<()>().await;
}
