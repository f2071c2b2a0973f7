//! The ways in which a client can misbehave.

use futures_util::future::BoxFuture;
use understudy_proto::kv::v1::{ListOrder, ListRequest};

use super::data::{LARGE, SMALL};
use super::ways::*;

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
    row!(
        "small-frames",
        "100 connections of calls that wait, sent in frames of one byte and of eight",
        small_frames
    ),
    row!(
        "headers",
        "16 connections of 1,000 calls with 400 headers each, again and again",
        headers
    ),
    row!("resets", "50 connections whose calls are reset as soon as they have begun", resets),
    row!("churn", "50 connections at once that greet and go", churn),
    row!("pings", "20 connections that ping and change settings without end", pings),
    row!(
        "watched",
        "300 watches of what one client overwrites by 1 MiB, all read",
        Some(200.0),
        watched
    ),
    row!("large-writes", "8 streams of writes of 1 MB", Some(200.0), large_writes),
    row!("overwrites", "one key of 1 MiB that is overwritten forever", Some(200.0), overwrites),
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
