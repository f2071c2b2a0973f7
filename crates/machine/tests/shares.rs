//! Shares: one owner leaves sessions, leases and generators to the others.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use bytes::Bytes;
use common::{Answer, Driver, SECOND, assert_failed};
use understudy_machine::{
    CloseSession, Command, Delete, FailureCode, GrantLease, KeyRange, KvMachine, Lifetime, Limit,
    Machine, OpenSession, Operation, Outcome, OwnerInfo, Put, RevokeLease, SeedGenerator, SetQuota,
    Stamp, Txn,
};

const TTL: u64 = 10 * SECOND;

/// A store with room for eight of everything, six of them for one owner.
fn store() -> Driver {
    let mut driver = Driver::new();
    let (sessions, leases, generators) = (Some(8), Some(8), Some(8));
    driver.run(SetQuota {
        max_sessions: sessions,
        max_leases: leases,
        max_generators: generators,
        ..SetQuota::default()
    });
    driver
}

fn open() -> Operation {
    OpenSession { ttl: TTL }.into()
}

fn grant() -> Operation {
    GrantLease { ttl: TTL, lease: 0 }.into()
}

/// A put that has a lease of its own.
fn timed(key: &'static str) -> Put {
    Put { lifetime: Some(Lifetime::Ttl(TTL)), ..Put::new(key, "v") }
}

/// How many an owner gets before it is refused, and for what.
fn greedy(driver: &mut Driver, mut make: impl FnMut(u64) -> Operation) -> (u64, Limit) {
    for made in 0.. {
        let response = driver.owned("greedy", make(made));
        if let Some(failure) = response.failure() {
            assert_eq!(failure.code(), FailureCode::ShareExceeded, "{failure}");
            assert_eq!((failure.limit, failure.actual), (made, made + 1));
            return (made, failure.what());
        }
    }
    unreachable!("an owner is refused at some time")
}

fn seed(n: u64) -> Operation {
    SeedGenerator { name: format!("g{n}"), seed: Bytes::new(), drawn: false }.into()
}

#[test]
fn one_owner_leaves_a_quarter_to_the_others() {
    let mut driver = store();
    assert_eq!(greedy(&mut driver, |_| open()), (6, Limit::Sessions));
    assert_eq!(greedy(&mut driver, |_| grant()), (6, Limit::Leases));
    assert_eq!(greedy(&mut driver, seed), (6, Limit::Generators));
    for (made, wanted) in [(open(), open()), (grant(), grant()), (seed(100), seed(101))] {
        assert_eq!(driver.owned("honest", made).failure(), None);
        assert_failed(&driver.owned("greedy", wanted), FailureCode::ShareExceeded);
    }
}

#[test]
fn a_client_that_ends_a_session_may_open_another() {
    let mut driver = store();
    let first = driver.index + 1;
    greedy(&mut driver, |_| open());
    driver.run(CloseSession { session: first });
    assert_eq!(driver.owned("greedy", open()).failure(), None);
    assert_failed(&driver.owned("greedy", open()), FailureCode::ShareExceeded);
    driver.pass(TTL);
    assert_eq!(greedy(&mut driver, |_| open()).0, 6, "expired ones count no more");
}

#[test]
fn a_lease_counts_until_its_last_key_is_gone() {
    let mut driver = store();
    let keys = ["a", "b", "c", "d", "e", "f"];
    assert_eq!(greedy(&mut driver, |n| timed(keys.get(n as usize).unwrap_or(&"g")).into()).0, 6);
    driver.run(RevokeLease { lease: 1 });
    assert_eq!(driver.owned("greedy", timed("h")).failure(), None);
    driver.pass(TTL);
    // They have ended, and their keys are still there.
    assert_failed(&driver.owned("greedy", grant()), FailureCode::ShareExceeded);
    driver.tick();
    assert_eq!(greedy(&mut driver, |_| grant()).0, 6);
}

#[test]
fn a_transaction_that_goes_beyond_a_share_leaves_nothing() {
    let mut driver = store();
    let keys = ["a", "b", "c", "d", "e", "f", "g"];
    let then = keys.map(|key| timed(key).into()).into();
    let failure = driver.owned("greedy", Txn { then, ..Txn::default() }).why();
    assert_eq!((failure.code(), failure.operation), (FailureCode::ShareExceeded, Some(6)));
    assert_eq!((driver.machine.usage().leases, driver.machine.usage().keys), (0, 0));
    let then = keys[..6].iter().map(|key| timed(key).into()).collect();
    assert_eq!(driver.owned("greedy", Txn { then, ..Txn::default() }).failure(), None);
}

#[test]
fn a_generator_stays_its_makers_whoever_seeds_it_again() {
    let mut driver = store();
    driver.owned("maker", seed(0));
    greedy(&mut driver, |n| seed(n + 1));
    assert_eq!(driver.owned("greedy", seed(0)).failure(), None, "it makes none");
    assert_failed(&driver.owned("greedy", seed(99)), FailureCode::ShareExceeded);
}

#[test]
fn a_retry_may_come_from_elsewhere() {
    let mut driver = store();
    let session = driver.open_session(TTL);
    let stamp = Stamp { session, sequence: 1, received_below: 0 };
    let from = |owner: &'static str| {
        Command::stamped(stamp, grant()).owned_by(&Bytes::from_static(owner.as_bytes()))
    };
    let first = driver.command(from("here"));
    assert_eq!(first.failure(), None);
    assert_eq!(driver.command(from("there")), first);
    assert_eq!(driver.command(Command::stamped(stamp, grant())), first);
    let owners: Vec<_> =
        driver.machine.leases(0, 9, 0).into_iter().map(|lease| lease.owner).collect();
    assert_eq!(owners, ["here"]);
}

#[test]
fn a_snapshot_says_whose_everything_is() {
    let mut driver = store();
    greedy(&mut driver, |_| open());
    greedy(&mut driver, |_| grant());
    greedy(&mut driver, seed);
    let bytes = driver.bytes();
    driver.machine = KvMachine::restore(&mut &bytes[..]).unwrap();
    assert_eq!(driver.bytes(), bytes);
    for operation in [open(), grant(), seed(100)] {
        assert_failed(&driver.owned("greedy", operation), FailureCode::ShareExceeded);
    }
}

#[test]
fn sessions_are_listed_by_id_and_by_owner() {
    let mut driver = store();
    let ids: Vec<u64> = ["a", "b", "a", ""]
        .map(|owner| match driver.owned(owner, open()).result {
            Some(Outcome::SessionOpened(opened)) => opened.session,
            other => panic!("{other:?}"),
        })
        .into();
    let reader = driver.machine.at(0).unwrap();
    let listed = |after, owner: Option<&'static [u8]>| {
        let infos = reader.sessions(after, owner);
        infos.map(|info| info.session).collect::<Vec<_>>()
    };
    assert_eq!(listed(0, None), ids);
    assert_eq!(listed(ids[1], None), ids[2..]);
    assert_eq!(listed(0, Some(b"a")), [ids[0], ids[2]]);
    assert_eq!(listed(0, Some(b"")), [ids[3]]);
    driver.pass(TTL);
    driver.run(Delete::new(KeyRange::single("a")));
    assert_eq!(driver.machine.at(0).unwrap().sessions(0, None).count(), 0);
}

#[test]
fn owners_are_listed_by_name_with_what_they_have() {
    let mut driver = store();
    for (owner, operation) in
        [("c", open()), ("a", grant()), ("b", seed(0)), ("a", grant()), ("b", open()), ("", open())]
    {
        assert_eq!(driver.owned(owner, operation).failure(), None);
    }
    let reader = driver.machine.at(0).unwrap();
    let listed = |after: &str, most| {
        let infos = reader.owners(after.as_bytes(), most).into_iter();
        let one = |info: OwnerInfo| (info.owner, info.sessions, info.leases, info.generators);
        infos.map(one).collect::<Vec<_>>()
    };
    let all = [("a", 0, 2, 0), ("b", 1, 0, 1), ("c", 1, 0, 0)]
        .map(|(owner, s, l, g)| (Bytes::from(owner), s, l, g));
    assert_eq!(listed("", 9), all);
    assert_eq!(listed("", 2), all[..2]);
    assert_eq!(listed("a", 9), all[1..]);
}

#[test]
fn an_owner_with_too_long_a_name_is_a_bad_command() {
    let mut driver = store();
    let of = |length: usize| Command { owner: vec![b'x'; length].into(), ..Command::new(open()) };
    assert_failed(&driver.command(of(65)), FailureCode::BadCommand);
    assert_eq!(driver.command(of(64)).failure(), None);
}

#[test]
fn only_what_makes_something_carries_an_owner() {
    let owner = Bytes::from_static(b"x");
    let carried = |operation: Operation| !Command::new(operation).owned_by(&owner).owner.is_empty();
    let txn = |put: Put| Txn { otherwise: vec![put.into()], ..Txn::default() };
    for makes in [open(), grant(), seed(0), timed("a").into(), txn(timed("a")).into()] {
        assert!(carried(makes.clone()), "{makes:?}");
    }
    let plain = Put::new("a", "v");
    for makes_nothing in [plain.clone().into(), txn(plain).into(), RevokeLease { lease: 1 }.into()]
    {
        assert!(!carried(makes_nothing), "it would only make the log longer");
    }
}
