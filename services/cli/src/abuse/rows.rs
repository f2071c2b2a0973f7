//! The ways in which a client can misbehave.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::FuturesUnordered;
use prost::Message;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use understudy_proto::kv::v1::{
    ExecuteOperation, ExecuteRequest, GetRequest, KeyRange, ListOrder, ListRequest,
    OpenSessionRequest, PutRequest, TxnList, TxnOperation, TxnPut, TxnRequest, WatchRequest,
    execute_operation, list_request, txn_operation, txn_put, watch_request,
};

use super::ground::{LARGE, LARGE_KEYS, SMALL};
use super::wire::{Call, Wire, announced, framed, raw};

/// Where the primary is.
#[derive(Clone)]
pub struct Target {
    pub clients: String,
    pub peers: String,
    pub ops: String,
}

/// One way.
pub struct Row {
    pub name: &'static str,
    pub what: &'static str,
    /// What the honest client may wait, if not the usual, milliseconds.
    pub p99_ms: Option<f64>,
    /// Whether clients of another address come meanwhile, and must be served.
    pub newcomers: bool,
    /// Does it, until it is dropped.
    pub run: fn(Target) -> BoxFuture<'static, ()>,
}

const GET: &str = "/understudy.kv.v1.KeyValueService/Get";
const PUT: &str = "/understudy.kv.v1.KeyValueService/Put";
const LIST: &str = "/understudy.kv.v1.KeyValueService/List";
const TXN: &str = "/understudy.kv.v1.KeyValueService/Txn";
const EXECUTE: &str = "/understudy.kv.v1.KeyValueService/Execute";
const OPEN: &str = "/understudy.kv.v1.SessionService/OpenSession";
const WATCH: &str = "/understudy.kv.v1.WatchService/Watch";
const INQUIRE: &str = "/understudy.replication.v1.ReplicationService/Inquire";

/// What HTTP/2 gives if nobody asks for more.
const WINDOW: u32 = 65_535;

macro_rules! row {
    ($name:literal, $what:literal, $run:expr) => {
        row!($name, $what, None, $run)
    };
    ($name:literal, $what:literal, $p99:expr, $run:expr) => {
        Row {
            name: $name,
            what: $what,
            p99_ms: $p99,
            newcomers: false,
            run: |target| Box::pin($run(target)),
        }
    };
}

/// All of them.
pub const ALL: &[Row] = &[
    row!("unread-gets", "200 Gets of 1 MiB on one connection, not read", |t| gets(
        t, 1, 200, WINDOW
    )),
    row!("unread-gets-many", "2,500 Gets of 1 MiB on 10 connections, not read", |t| {
        gets(t, 10, 250, WINDOW)
    }),
    row!("unread-gets-no-window", "2,500 Gets of 1 MiB that have no room at all", |t| {
        gets(t, 10, 250, 0)
    }),
    row!("unread-lists", "500 lists of pages of 1 MiB, not read", |t| {
        unread(t, LIST, list(LARGE, 0), 500)
    }),
    row!("unread-txns", "200 transactions that list 10,000 keys, not read", |t| {
        unread(t, TXN, listing_txn(), 200)
    }),
    row!("unread-watches", "500 watches from revision 1, not read", |t| {
        unread(t, WATCH, watch_all(), 500)
    }),
    row!("unread-executes", "100 streams of 64 Gets of 1 MiB each, not read", |t| {
        unread(t, EXECUTE, many_gets(), 100)
    }),
    row!("announced", "3,000 calls that announce 4 MiB and send 5 bytes", |t: Target| {
        announced_only(t.clients, PUT)
    }),
    row!("announced-to-peers", "the same on the peers' port", |t: Target| {
        announced_only(t.peers, INQUIRE)
    }),
    row!("last-byte", "260 messages of 8 MiB that lack the last byte", lacking),
    row!("newest-lists", "500 lists of 300,000 keys, newest first", |t| {
        unread(t, LIST, list(SMALL, ListOrder::NewestFirst.into()), 500)
    }),
    row!("counts", "1,000 counts of 300,000 keys", |t| {
        let count = ListRequest { count_only: true, ..list(SMALL, 0) };
        unread(t, LIST, count, 1_000)
    }),
    row!("old-watches", "1,000 watches from revision 1 on 20 connections", |t| {
        spread(t, WATCH, watch_all(), 20, 50)
    }),
    row!("listing-txns", "2,000 transactions that list 10,000 keys on 20 connections", |t| {
        spread(t, TXN, listing_txn(), 20, 100)
    }),
    row!("long-txns", "transactions of 128 lists of 10,000 keys each", |t| {
        unread(t, TXN, listing_txn_of(128), 200)
    }),
    row!(
        "cancelled-lists",
        "lists of 300,000 keys, newest first, that are cancelled at once",
        cancelled
    ),
    row!("pings", "20 connections that ping and change settings without end", pings),
    row!(
        "watched",
        "300 watches of what one client overwrites by 1 MiB, all read",
        Some(200.0),
        watched
    ),
    row!("large-writes", "8 streams of writes of 1 MB", Some(200.0), large_writes),
    row!("overwrites", "one key of 1 MiB that is overwritten for ever", Some(200.0), overwrites),
    row!("idle-connections", "1,100 connections that say nothing", |t: Target| {
        silent(t.clients, 1_100)
    }),
    row!("idle-peers", "2,000 connections to the peers' port that say nothing", |t: Target| {
        silent(t.peers, 2_000)
    }),
    row!(
        "idle-operators",
        "2,000 connections to the operators' port that say nothing",
        |t: Target| { silent(t.ops, 2_000) }
    ),
    row!("greeted-connections", "3,000 connections that greet and ask nothing", greeted),
    Row {
        newcomers: true,
        ..row!("sessions", "10,000 sessions of a day, and more where there are any", |t| {
            endless(t, OPEN, open_session(), 512)
        })
    },
    Row {
        newcomers: true,
        ..row!("leases", "100,000 leases of a day, and more where there are any", |t| {
            endless(t, TXN, granting_txn(), 16)
        })
    },
];

/// Milliseconds.
const DAY: i64 = 86_400_000;

fn open_session() -> OpenSessionRequest {
    OpenSessionRequest { ttl_ms: DAY }
}

/// A transaction of which each put grants a lease.
fn granting_txn() -> TxnRequest {
    let put = |n: usize| {
        let lifetime = Some(txn_put::Lifetime::TtlMs(DAY));
        let put = TxnPut { key: format!("leased/{n}").into(), lifetime, ..TxnPut::default() };
        TxnOperation { operation: Some(txn_operation::Operation::Put(put)) }
    };
    TxnRequest { then_operations: (0..128).map(put).collect(), ..TxnRequest::default() }
}

fn list(prefix: &'static str, order: i32) -> ListRequest {
    let target = Some(list_request::Target::Prefix(Bytes::from_static(prefix.as_bytes())));
    ListRequest { target, order, page_size: 10_000, ..ListRequest::default() }
}

fn listing_txn() -> TxnRequest {
    listing_txn_of(1)
}

fn listing_txn_of(lists: usize) -> TxnRequest {
    let range = KeyRange { start: SMALL.into(), end: Bytes::new() };
    let list = TxnList { range: Some(range), limit: 10_000 };
    let operation = TxnOperation { operation: Some(txn_operation::Operation::List(list)) };
    TxnRequest { then_operations: vec![operation; lists], ..TxnRequest::default() }
}

fn watch_all() -> WatchRequest {
    WatchRequest {
        target: Some(watch_request::Target::Prefix(Bytes::new())),
        from: Some(watch_request::From::StartRevision(1)),
        ..WatchRequest::default()
    }
}

fn get(n: usize) -> GetRequest {
    GetRequest { key: format!("{LARGE}{}", n % LARGE_KEYS).into(), ..GetRequest::default() }
}

fn many_gets() -> ExecuteRequest {
    let operation =
        |n| ExecuteOperation { operation: Some(execute_operation::Operation::Get(get(n))) };
    ExecuteRequest { operations: (0..64).map(operation).collect() }
}

/// Asks, and holds what it gets to without reading it.
async fn ask_all<M: Message>(
    wire: &mut Wire,
    path: &str,
    messages: impl IntoIterator<Item = M>,
) -> Vec<Call> {
    let mut calls = Vec::new();
    for message in messages {
        match wire.ask(path, &message).await {
            Ok(call) => calls.push(call),
            Err(_) => break,
        }
    }
    calls
}

/// Connects `connections` times, asks on each, and asks anew when it is turned away.
async fn hold<M: Message + Clone>(
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
            let calls = ask_all(&mut wire, path, messages.iter().cloned()).await;
            if calls.len() == messages.len() {
                wire.closed().await;
            }
            drop(calls);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    join_all(each).await;
}

async fn gets(target: Target, connections: usize, each: usize, window: u32) {
    hold(target.clients, window, GET, (0..each).map(get).collect(), connections).await;
}

async fn unread<M: Message + Clone>(target: Target, path: &'static str, message: M, count: usize) {
    hold(target.clients, WINDOW, path, vec![message; count], 1).await;
}

async fn spread<M: Message + Clone>(
    target: Target,
    path: &'static str,
    message: M,
    connections: usize,
    each: usize,
) {
    hold(target.clients, WINDOW, path, vec![message; each], connections).await;
}

/// The same call again and again, several under way, each answered.
async fn endless<M: Message>(target: Target, path: &'static str, message: M, at_once: usize) {
    loop {
        let Ok(mut wire) = Wire::connect(&target.clients, 8 << 20).await else { return };
        let mut under_way = FuturesUnordered::new();
        while let Ok(call) = wire.ask(path, &message).await {
            under_way.push(call.answered());
            if under_way.len() >= at_once {
                under_way.next().await;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn announced_only(address: String, path: &'static str) {
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

async fn lacking(target: Target) {
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

async fn pings(target: Target) {
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

async fn cancelled(target: Target) {
    let list = list(SMALL, ListOrder::NewestFirst.into());
    let each = (0..8).map(|_| async {
        loop {
            let Ok(mut wire) = Wire::connect(&target.clients, WINDOW).await else { return };
            while let Ok(call) = wire.ask(LIST, &list).await {
                tokio::time::sleep(Duration::from_micros(500)).await;
                drop(call);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    join_all(each).await;
}

async fn watched(target: Target) {
    let watch = WatchRequest {
        target: Some(watch_request::Target::Prefix(Bytes::from_static(b"watched"))),
        ..WatchRequest::default()
    };
    let each = (0..3).map(|_| async {
        let Ok(mut wire) = Wire::connect(&target.clients, 8 << 20).await else { return };
        let calls = ask_all(&mut wire, WATCH, vec![watch.clone(); 100]).await;
        join_all(calls.into_iter().map(Call::read)).await;
    });
    tokio::join!(join_all(each), write(&target, "watched".into(), 1 << 20));
}

async fn large_writes(target: Target) {
    let each = (0..8).map(|stream| write(&target, format!("written/{stream}"), 1_000_000));
    join_all(each).await;
}

async fn overwrites(target: Target) {
    join_all((0..4).map(|_| write(&target, "overwritten".into(), 1 << 20))).await;
}

/// Writes one key on a stream, as fast as it is taken; looks for the primary no further.
async fn write(target: &Target, key: String, bytes: usize) {
    let Ok(mut wire) = Wire::connect(&target.clients, WINDOW).await else { return };
    let Ok(mut call) = wire.call(EXECUTE).await else { return };
    let value = vec![b'x'; bytes].into();
    let put = PutRequest { key: key.into(), value, ..PutRequest::default() };
    let operation = ExecuteOperation { operation: Some(execute_operation::Operation::Put(put)) };
    let message = framed(&ExecuteRequest { operations: vec![operation] }.encode_to_vec());
    // The answers are few bytes: they fit the window.
    while call.send_slowly(message.clone()).await.is_ok() {}
}

async fn silent(address: String, count: usize) {
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

async fn greeted(target: Target) {
    let mut open = Vec::new();
    for _ in 0..3_000 {
        if let Ok(wire) = Wire::connect(&target.clients, WINDOW).await {
            open.push(wire);
        }
    }
    std::future::pending::<()>().await;
}
