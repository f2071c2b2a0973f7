//! Leases live by logged elapsed time; their keys go with them, in bounded batches.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Answer, Driver, SECOND, assert_failed};
use understudy_machine::{
    Compare, FailureCode, GrantLease, Input, KeepLease, KvMachine, LeaseRevoked, Lifetime, Machine,
    Outcome, Put, Relation, Response, RevokeLease, SetQuota, Target, Txn,
};

const TTL: u64 = 10 * SECOND;

fn grant(driver: &mut Driver, ttl: u64) -> i64 {
    granted(&driver.run(GrantLease { ttl, lease: 0 }))
}

fn granted(response: &Response) -> i64 {
    match &response.result {
        Some(Outcome::LeaseGranted(granted)) => granted.lease,
        other => panic!("no lease: {other:?}"),
    }
}

fn hang(driver: &mut Driver, key: &str, lease: i64) -> Response {
    driver.run(Put::new(key.to_owned(), "1").living(Lifetime::Lease(lease)))
}

fn left(driver: &Driver, lease: i64) -> Result<u64, FailureCode> {
    let info = driver.machine.lease(lease, driver.elapsed);
    info.map(|info| info.left).map_err(|failure| failure.code())
}

#[test]
fn keys_go_with_the_time_of_their_lease_as_one_revision() {
    let mut driver = Driver::new();
    let lease = grant(&mut driver, TTL);
    driver.run(Put::new("stays", "1"));
    hang(&mut driver, "a", lease);
    hang(&mut driver, "b", lease);
    assert_eq!(driver.machine.deadline(), Some(TTL));
    driver.pass(TTL - 1);
    driver.tick();
    assert_eq!((driver.machine.revision(), left(&driver, lease)), (3, Ok(1)));
    driver.pass(1);
    driver.tick();
    let (revision, keys) = driver.keys();
    assert_eq!((revision, keys.len()), (4, 1));
    assert_eq!(driver.machine.deadline(), None);
    assert_eq!(left(&driver, lease), Err(FailureCode::LeaseUnknown));
    assert_eq!(driver.machine.usage().leases, 0);
}

#[test]
fn keeping_a_lease_gives_it_its_full_time_again_and_a_put_does_not() {
    let mut driver = Driver::new();
    let lease = grant(&mut driver, TTL);
    driver.pass(TTL - 1);
    hang(&mut driver, "a", lease);
    assert_eq!(left(&driver, lease), Ok(1));
    driver.run(KeepLease { lease });
    assert_eq!(left(&driver, lease), Ok(TTL));
    driver.pass(TTL);
    assert_failed(&driver.run(KeepLease { lease }), FailureCode::LeaseUnknown);
}

#[test]
fn a_new_epoch_gives_every_lease_its_full_time_again() {
    let mut driver = Driver::new();
    let lease = grant(&mut driver, TTL);
    hang(&mut driver, "a", lease);
    driver.pass(TTL + 1);
    driver.feed(Input::Open);
    assert_eq!(left(&driver, lease), Ok(TTL));
    driver.pass(TTL - 1);
    driver.tick();
    assert!(driver.value("a").is_some());
    driver.pass(1);
    driver.tick();
    assert!(driver.value("a").is_none());
}

#[test]
fn an_ended_lease_is_of_no_use_while_its_keys_wait_for_a_tick() {
    let mut driver = Driver::new();
    let lease = grant(&mut driver, TTL);
    hang(&mut driver, "a", lease);
    hang(&mut driver, "freed", lease);
    hang(&mut driver, "kept", lease);
    driver.pass(TTL);
    assert_failed(&hang(&mut driver, "b", lease), FailureCode::LeaseUnknown);
    assert_failed(&driver.run(RevokeLease { lease }), FailureCode::LeaseUnknown);
    let again = driver.run(GrantLease { ttl: TTL, lease });
    assert_failed(&again, FailureCode::LeaseExists);
    assert_eq!(driver.machine.deadline(), Some(0), "a tick is due at once");
    // A key that was written meanwhile is not the lease's any more.
    driver.run(Put::new("freed", "2"));
    assert_eq!(driver.run(Put::new("kept", "2").living(Lifetime::Kept(true))).put().lease, 0);
    driver.tick();
    let keys = driver.keys().1.into_iter().map(|kv| (kv.key, kv.lease)).collect::<Vec<_>>();
    assert_eq!(keys, [("freed".into(), 0), ("kept".into(), 0)]);
    assert_eq!(granted(&driver.run(GrantLease { ttl: TTL, lease })), lease);
}

#[test]
fn many_keys_go_in_batches_of_1024_each_of_which_is_a_revision() {
    let mut driver = Driver::new();
    let (revoked, expired) = (grant(&mut driver, 2 * TTL), grant(&mut driver, TTL));
    for lease in [revoked, expired] {
        for key in 0..1500 {
            hang(&mut driver, &format!("{lease}/{key:04}"), lease);
        }
    }
    let response = driver.run(RevokeLease { lease: revoked });
    assert_eq!(response.result, Some(Outcome::LeaseRevoked(LeaseRevoked { keys: 1500 })));
    assert_eq!((response.revision, driver.keys().1.len()), (3001, 3000 - 1024));
    driver.pass(TTL);
    let mut sizes = Vec::new();
    while driver.machine.deadline().is_some() {
        let before = driver.keys().1.len();
        assert_eq!(driver.tick().revision, 3002 + sizes.len() as i64);
        sizes.push(before - driver.keys().1.len());
        let copy = KvMachine::restore(&mut &driver.bytes()[..]).unwrap();
        assert_eq!(copy.digest(), driver.machine.digest());
        assert_eq!(copy.deadline(), driver.machine.deadline());
    }
    assert_eq!(sizes, [1024, 952], "the rest of both together");
    assert_eq!(driver.machine.usage().leases, 0);
}

#[test]
fn a_time_to_live_is_a_lease_of_its_own() {
    let mut driver = Driver::new();
    grant(&mut driver, TTL);
    let put = |key, ttl| Put::new(key, "1").living(Lifetime::Ttl(ttl));
    let first = driver.run(put("a", SECOND)).put().lease;
    assert_eq!((first, left(&driver, first)), (2, Ok(SECOND)));
    let both = vec![put("b", SECOND).into(), put("c", 2 * SECOND).into()];
    driver.run(Txn { then: both, ..Txn::default() });
    let lease = |driver: &Driver, key: &str| driver.machine.get(key.as_bytes()).unwrap().lease;
    assert_eq!((lease(&driver, "b"), lease(&driver, "c")), (3, 4));
    let kept = driver.run(Put::new("c", "2").living(Lifetime::Kept(true))).put();
    assert_eq!(kept.lease, 4);
    driver.pass(SECOND);
    driver.tick();
    assert_eq!(driver.keys().1.len(), 1);
    let code = FailureCode::BadCommand;
    assert_failed(&driver.run(put("d", 0)), code);
    assert_failed(&driver.run(put("d", u64::MAX)), code);
}

#[test]
fn what_is_undone_grants_nothing() {
    let mut driver = Driver::new();
    let lease = grant(&mut driver, TTL);
    let put = Put::new("a", "1").living(Lifetime::Ttl(SECOND));
    let unmet = Put::new("b", "1").only_if_mod_revision(9);
    driver.run(Txn { then: vec![put.clone().into(), unmet.into()], ..Txn::default() }).why();
    assert_eq!((driver.machine.usage().leases, driver.machine.deadline()), (1, Some(TTL)));
    driver.run(SetQuota { max_leases: Some(1), ..SetQuota::default() });
    assert_failed(&driver.run(put.clone()), FailureCode::QuotaExceeded);
    assert_failed(&driver.run(GrantLease { ttl: 1, lease: 0 }), FailureCode::BadCommand);
    driver.run(RevokeLease { lease });
    assert_eq!(driver.run(put).put().lease, 2, "an id is never given twice");
}

#[test]
fn the_store_chooses_ids_above_all_that_were_used() {
    let mut driver = Driver::new();
    assert_eq!(granted(&driver.run(GrantLease { ttl: TTL, lease: 77 })), 77);
    driver.run(RevokeLease { lease: 77 });
    assert_eq!(grant(&mut driver, TTL), 78);
    let highest = (1i64 << 62) - 1;
    assert_eq!(granted(&driver.run(GrantLease { ttl: TTL, lease: highest })), highest);
    assert_eq!(grant(&mut driver, TTL), highest + 1);
    let beyond = driver.run(GrantLease { ttl: TTL, lease: highest + 2 });
    assert_failed(&beyond, FailureCode::BadCommand);
}

#[test]
fn a_retry_is_answered_as_the_first_time() {
    let mut driver = Driver::new();
    let session = driver.open_session(TTL);
    let first = driver.stamped(session, 1, 0, GrantLease { ttl: TTL, lease: 5 });
    assert_eq!(driver.stamped(session, 1, 0, GrantLease { ttl: TTL, lease: 5 }), first);
    let other = driver.stamped(session, 1, 0, GrantLease { ttl: TTL, lease: 6 });
    assert_failed(&other, FailureCode::SequenceReused);
    let revoked = driver.stamped(session, 2, 0, RevokeLease { lease: 5 });
    assert_eq!(driver.stamped(session, 2, 0, RevokeLease { lease: 5 }), revoked);
}

#[test]
fn leases_and_their_keys_are_told_in_pages() {
    let mut driver = Driver::new();
    let leases: Vec<i64> = (0..5).map(|_| grant(&mut driver, TTL)).collect();
    for key in ["a", "b", "c"] {
        hang(&mut driver, key, leases[0]);
    }
    let page = driver.machine.leases(leases[1], 2, 4 * SECOND);
    assert_eq!(page.iter().map(|info| info.lease).collect::<Vec<_>>(), leases[2..4]);
    assert_eq!(page[0].left, 6 * SECOND, "as of the time that was given");
    let keys = driver.machine.lease_keys(leases[0], b"a", 1, 9).unwrap();
    assert_eq!(keys, (vec!["b".into()], true));
    let keys = driver.machine.lease_keys(leases[0], b"", 9, 2).unwrap();
    assert_eq!(keys, (vec!["a".into(), "b".into()], true));
    assert_eq!(driver.machine.lease(leases[0], u64::MAX).unwrap().left, 0);
}

#[test]
fn a_compare_sees_the_lease() {
    let mut driver = Driver::new();
    let lease = grant(&mut driver, TTL);
    hang(&mut driver, "a", lease);
    let compare = Compare::new("a", Relation::Equal, Target::Lease(lease));
    let txn = Txn { compares: vec![compare], ..Txn::default() };
    assert!(driver.run(txn).txn().succeeded);
}

#[test]
fn what_has_ended_is_not_revived_by_a_new_epoch_however_much_it_is() {
    let mut driver = Driver::new();
    let sessions: Vec<u64> = (0..10_000).map(|_| driver.open_session(TTL)).collect();
    let leases: Vec<i64> = (0..10_000).map(|_| grant(&mut driver, TTL)).collect();
    driver.pass(TTL);
    driver.tick();
    let usage = driver.machine.usage();
    assert!(usage.leases > 0 && usage.sessions > 0, "one input does not see to all");
    assert_failed(&driver.run(KeepLease { lease: leases[9999] }), FailureCode::LeaseUnknown);
    driver.feed(Input::Open);
    assert_eq!(left(&driver, leases[9999]), Err(FailureCode::LeaseUnknown));
    assert_failed(&driver.keep(sessions[9999]), FailureCode::SessionExpired);
    assert_eq!((driver.machine.usage().leases, driver.machine.usage().sessions), (0, 0));
}
