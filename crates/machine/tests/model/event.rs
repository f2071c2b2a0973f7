//! What happens to the machine, at random, from few keys and sessions so that things collide.

use bytes::Bytes;
use proptest::prelude::*;
use understudy_machine::{
    CloseSession, Command, Compact, Compare, Delete, Get, GrantLease, KeepLease, KeepSession,
    KeyRange, Lifetime, OpenSession, Operation, Put, Relation, RevokeLease, SetQuota, Stamp,
    Target, Txn, TxnOperation,
};

use crate::common::SECOND;

#[derive(Clone, Debug)]
pub enum Event {
    Command(Draft),
    /// The command that was given this number of commands ago, with this `received_below` and perhaps another owner.
    Retry(usize, u64, Option<Bytes>),
    Garbage(Vec<u8>),
    Pass(u64),
    Tick,
    Epoch,
    Restore,
    /// Keeps the state of now.
    Freeze,
    /// Looks at a state that was kept: the one this many before.
    LookBack(usize),
}

/// A command whose session ids are positions in the list of ids issued so far.
#[derive(Clone, Debug)]
pub struct Draft(Box<Command>);

impl Draft {
    pub fn with_sessions(&self, issued: &[u64]) -> Command {
        let id = |position: u64| issued.get(position as usize).copied().unwrap_or(position * 40);
        let mut command = (*self.0).clone();
        if let Some(stamp) = &mut command.stamp {
            stamp.session = id(stamp.session);
        }
        match &mut command.operation {
            Some(Operation::KeepSession(keep)) => keep.session = id(keep.session),
            Some(Operation::CloseSession(close)) => close.session = id(close.session),
            _ => (),
        }
        command
    }
}

pub fn any() -> impl Strategy<Value = Event> {
    let command = |strategy: BoxedStrategy<Command>| {
        (strategy, owner())
            .prop_map(|(c, owner)| Event::Command(Draft(Box::new(Command { owner, ..c }))))
    };
    prop_oneof![
        6 => command(operation().prop_map(Command::new).boxed()),
        10 => command((stamp(), operation()).prop_map(|(s, o)| Command::stamped(s, o)).boxed()),
        4 => command(session_operation().prop_map(Command::new).boxed()),
        1 => command((stamp(), session_operation()).prop_map(|(s, o)| Command::stamped(s, o)).boxed()),
        1 => command(quota().prop_map(Command::new).boxed()),
        1 => command((0..30i64).prop_map(|revision| Command::new(Compact { revision })).boxed()),
        6 => (0..8usize, 0..4u64, prop::option::of(owner()))
            .prop_map(|(ago, received, owner)| Event::Retry(ago, received, owner)),
        1 => prop::collection::vec(any_byte(), 0..12).prop_map(Event::Garbage),
        4 => (0..=6u64).prop_map(|halves| Event::Pass(halves * SECOND / 2)),
        2 => Just(Event::Tick),
        1 => Just(Event::Epoch),
        1 => Just(Event::Restore),
        1 => Just(Event::Freeze),
        2 => (0..3usize).prop_map(Event::LookBack),
    ]
}

fn owner() -> impl Strategy<Value = Bytes> {
    prop::sample::select(vec!["", "a", "b", "c"]).prop_map(Bytes::from)
}

fn any_byte() -> impl Strategy<Value = u8> {
    proptest::num::u8::ANY
}

fn key() -> impl Strategy<Value = Bytes> {
    prop::sample::select(vec!["\0", "a", "a\0", "b", "c", "d"]).prop_map(Bytes::from)
}

fn sometimes_bad_key() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        20 => key(),
        1 => Just(Bytes::new()),
        1 => Just(Bytes::from(vec![b'k'; 4097])),
    ]
}

fn value() -> impl Strategy<Value = Bytes> {
    prop::sample::select(vec![
        "",
        "1",
        "2",
        "a rather long value, so that responses differ in length",
    ])
    .prop_map(Bytes::from)
}

fn range() -> impl Strategy<Value = KeyRange> {
    let end =
        || prop_oneof![4 => key(), 1 => Just(Bytes::new()), 1 => Just(Bytes::from_static(b"\0"))];
    prop_oneof![
        2 => sometimes_bad_key().prop_map(KeyRange::single),
        1 => end().prop_map(KeyRange::from),
        2 => (end(), end()).prop_map(|(start, end)| KeyRange::between(start, end)),
    ]
}

fn put() -> impl Strategy<Value = Put> {
    let condition = prop_oneof![4 => Just(None), 1 => (0..6i64).prop_map(Some)];
    (sometimes_bad_key(), value(), lifetime(), prop::bool::ANY, condition).prop_map(
        |(key, value, lifetime, want_previous, if_mod_revision)| Put {
            key,
            value,
            lifetime,
            want_previous,
            if_mod_revision,
        },
    )
}

fn lifetime() -> impl Strategy<Value = Option<Lifetime>> {
    prop_oneof![
        8 => Just(None),
        4 => (0..5i64).prop_map(|lease| Some(Lifetime::Lease(lease))),
        2 => (0..4u64).prop_map(|halves| Some(Lifetime::Ttl(halves * SECOND / 2))),
        1 => prop::bool::ANY.prop_map(|kept| Some(Lifetime::Kept(kept))),
    ]
}

fn lease_operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => (0..5u64, -1..5i64).prop_map(|(halves, lease)| {
            GrantLease { ttl: halves * SECOND / 2, lease }.into()
        }),
        2 => (0..6i64).prop_map(|lease| KeepLease { lease }.into()),
        1 => (0..6i64).prop_map(|lease| RevokeLease { lease }.into()),
    ]
}

fn delete() -> impl Strategy<Value = Delete> {
    (prop::option::weighted(0.95, range()), prop::bool::ANY, 0..3u64)
        .prop_map(|(range, want_previous, limit)| Delete { range, want_previous, limit })
}

fn compare() -> impl Strategy<Value = Compare> {
    let target = prop_oneof![
        value().prop_map(Target::Value),
        (0..6i64).prop_map(Target::ModRevision),
        (0..6i64).prop_map(Target::CreateRevision),
        (0..3i64).prop_map(Target::Version),
        (0..2i64).prop_map(Target::Lease),
    ];
    let relation = prop_oneof![
        Just(Relation::Equal),
        Just(Relation::NotEqual),
        Just(Relation::Less),
        Just(Relation::Greater),
    ];
    (key(), relation, target)
        .prop_map(|(key, relation, target)| Compare::new(key, relation, target))
}

fn txn() -> impl Strategy<Value = Txn> {
    let get = (range(), 0..3u64).prop_map(|(range, limit)| Get { limit, ..Get::new(range) });
    let step = prop_oneof![
        3 => put().prop_map(TxnOperation::from),
        2 => delete().prop_map(TxnOperation::from),
        2 => get.prop_map(TxnOperation::from),
    ];
    let list = prop::collection::vec(step, 0..4);
    (prop::collection::vec(compare(), 0..3), list.clone(), list)
        .prop_map(|(compares, then, otherwise)| Txn { compares, then, otherwise })
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        3 => put().prop_map(Operation::Put),
        2 => delete().prop_map(Operation::Delete),
        3 => txn().prop_map(Operation::Txn),
        2 => lease_operation(),
    ]
}

fn session_operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => (0..5u64).prop_map(|ttl| OpenSession { ttl: ttl * SECOND }.into()),
        2 => (0..6u64).prop_map(|session| KeepSession { session }.into()),
        1 => (0..6u64).prop_map(|session| CloseSession { session }.into()),
    ]
}

fn stamp() -> impl Strategy<Value = Stamp> {
    let sequence = prop_oneof![6 => 0..7u64, 1 => 1022..1030u64];
    (0..4u64, sequence, 0..4u64).prop_map(|(session, sequence, received_below)| Stamp {
        session,
        sequence,
        received_below,
    })
}

fn quota() -> impl Strategy<Value = Operation> {
    (
        prop::option::of(0..5u64),
        prop::option::of(0..80u64),
        prop::option::of(0..4u64),
        prop::option::of(0..300u64),
        prop::option::of(0..6u64),
        prop::option::of(0..8u64),
        prop::option::of(0..4000u64),
        prop::option::of(0..6u64),
        prop::option::of(prop::sample::select(vec![0, 1, 50, 75, 100, 101])),
        prop::option::weighted(0.8, (0..4u64).prop_map(|halves| halves * SECOND / 2)),
    )
        .prop_map(
            |(
                max_keys,
                max_bytes,
                max_range_keys,
                held,
                max_sessions,
                revisions,
                bytes,
                max_leases,
                max_owner_percent,
                min_history_age,
            )| {
                let leases = SetQuota { max_leases, max_owner_percent, ..SetQuota::default() };
                let leases = SetQuota { min_history_age, ..leases };
                let quota = SetQuota { max_keys, max_bytes, max_range_keys, ..leases };
                let quota = SetQuota { max_session_held_bytes: held, max_sessions, ..quota };
                SetQuota { max_history_revisions: revisions, max_history_bytes: bytes, ..quota }
                    .into()
            },
        )
}
