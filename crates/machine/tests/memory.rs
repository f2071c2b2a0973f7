//! What the machine says that it takes in memory, against what it has allocated; and what it does when that is
//! more than there is.
#![allow(clippy::unwrap_used, missing_docs, unsafe_code)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::{Answer, Driver, SECOND, assert_failed};
use understudy_machine::{
    Delete, FailureCode, GrantLease, KeyRange, KvMachine, Lifetime, Limit, Machine, OpenSession,
    Put, Response, SeedGenerator, SetMemory, SetQuota,
};

const MIB: u64 = 1 << 20;

/// The system's, and how much of it this thread has, in blocks as the allocator of the program hands them out.
struct Counting;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
}

fn block(size: usize) -> i64 {
    let step = (size.next_power_of_two() / 8).clamp(16, 4096);
    size.next_multiple_of(step) as i64
}

fn count(more: i64) {
    let _ = HELD.try_with(|held| held.set(held.get() + more));
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(block(layout.size()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-block(layout.size()));
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that what `make` gives takes, and that.
fn taken<T>(make: impl FnOnce() -> T) -> (u64, T) {
    let before = HELD.with(Cell::get);
    let made = make();
    ((HELD.with(Cell::get) - before).try_into().unwrap(), made)
}

/// Numbers in no order.
fn scattered(count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Fills a store; what it takes, and takes after it was restored, is at most what it says, and not
/// much less.
#[track_caller]
fn is_told(fill: impl FnOnce(&mut Driver)) {
    let (bytes, driver) = taken(|| {
        let mut driver = Driver::new();
        fill(&mut driver);
        driver
    });
    let told = driver.machine.usage().memory;
    println!("{bytes} bytes are taken, and {told} told");
    assert!(bytes <= told, "{bytes} bytes are taken, and {told} told");
    assert!(told <= bytes * 2 + MIB, "{bytes} bytes are taken, and {told} told");
    let frozen = driver.bytes();
    drop(driver);
    let (bytes, restored) = taken(|| KvMachine::restore(&mut &frozen[..]).unwrap());
    assert_eq!(restored.usage().memory, told);
    assert!(bytes <= told, "{bytes} bytes are taken after a restore, and {told} told");
}

fn without_history(driver: &mut Driver) {
    let none = SetQuota { max_history_bytes: Some(0), ..SetQuota::default() };
    driver.run(none);
}

#[test]
fn keys_in_order_and_in_none_with_values_of_any_length() {
    for length in [0, 1, 100, 1_025, 5_000, 70_000] {
        is_told(|driver| {
            without_history(driver);
            for n in 0..6_000_000 / (length + 1_000) {
                driver.run(Put::new(format!("{n:08}"), vec![7; length]));
            }
        });
        is_told(|driver| {
            without_history(driver);
            for n in scattered(6_000_000 / (length as u64 + 1_000)) {
                driver.run(Put::new(format!("{n:40}"), vec![7; length]));
            }
        });
    }
}

#[test]
fn a_store_of_which_most_was_deleted() {
    is_told(|driver| {
        without_history(driver);
        for n in 0..20_000 {
            driver.run(Put::new(format!("{n:08}"), "value"));
        }
        for n in scattered(20_000).map(|n| n % 20_000) {
            driver.run(Delete::new(KeyRange::single(format!("{n:08}"))));
        }
    });
}

#[test]
fn history_shares_its_values_with_the_store_also_after_a_restore() {
    is_told(|driver| {
        for n in 0..300u32 {
            driver.run(Put::new(format!("{}", n % 250), vec![n as u8; 100_000]));
        }
    });
    is_told(|driver| {
        for n in scattered(30_000) {
            driver.run(Put::new(format!("{}", n % 9_000), "v"));
        }
    });
}

#[test]
fn sessions_and_the_answers_that_they_hold() {
    is_told(|driver| {
        without_history(driver);
        for _ in 0..5_000 {
            let session = driver.open_session(SECOND);
            driver.stamped(session, 1, 0, Put::new("a", "b"));
        }
    });
    is_told(|driver| {
        without_history(driver);
        let sessions: Vec<u64> = (0..50).map(|_| driver.open_session(SECOND)).collect();
        for sequence in 1..=500 {
            for session in &sessions {
                driver.stamped(*session, sequence, 0, Put::new("a", "b"));
            }
        }
    });
    is_told(|driver| {
        let session = driver.open_session(SECOND);
        driver.run(Put::new("a", vec![1; 40_000]));
        for sequence in 1..=400 {
            let get = Put::new("a", vec![sequence as u8; 40_000]).with_previous();
            driver.stamped(session, sequence, 0, get);
        }
    });
}

#[test]
fn leases_and_the_keys_on_them() {
    is_told(|driver| {
        without_history(driver);
        for lease in 1..=5_000 {
            driver.run(GrantLease { lease, ttl: SECOND });
            let lifetime = Some(Lifetime::Lease(lease));
            driver.run(Put { lifetime, ..Put::new(format!("{lease}"), "v") });
        }
    });
    is_told(|driver| {
        without_history(driver);
        driver.run(GrantLease { lease: 1, ttl: SECOND });
        for n in scattered(20_000) {
            let lifetime = Some(Lifetime::Lease(1));
            driver.run(Put { lifetime, ..Put::new(format!("{n:30}"), "v") });
        }
    });
}

#[test]
fn generators() {
    is_told(|driver| {
        for n in 0..900 {
            let seed = SeedGenerator { name: format!("{n:04}"), ..SeedGenerator::default() };
            driver.run(seed);
        }
    });
}

/// A store that was filled up to its limit with values of this length.
fn full(length: usize) -> Driver {
    let mut driver = Driver::new();
    driver.run(SetMemory { bytes: 8 * MIB });
    for n in 0.. {
        let response = driver.run(Put::new(format!("{n:08}"), vec![7; length]));
        if response.failure().is_some() {
            assert_failed(&response, FailureCode::QuotaExceeded);
            assert_eq!(response.why().what(), Limit::Memory);
            break;
        }
    }
    driver
}

#[test]
fn what_would_take_more_memory_than_there_is_is_refused_and_nothing_else() {
    for length in [10, 10_000] {
        let (bytes, mut driver) = taken(|| full(length));
        assert!((4 * MIB..8 * MIB).contains(&bytes), "{bytes} bytes are taken");
        let value = || vec![7; length];
        // The same size, less, or elsewhere what was freed: all of that may be.
        for n in 0..100 {
            assert_eq!(driver.run(Put::new(format!("{n:08}"), value())).failure(), None);
        }
        let refused = |driver: &mut Driver| driver.run(Put::new("more", value())).why().what();
        assert_eq!(refused(&mut driver), Limit::Memory);
        driver.run(Delete::new(KeyRange::single("00000000")));
        assert_eq!(driver.run(Put::new("more", value())).failure(), None);
        assert!(driver.machine.usage().memory <= 8 * MIB);
        driver.run(SetMemory { bytes: 0 });
        assert_eq!(driver.run(Put::new("and more", value())).failure(), None);
    }
}

#[test]
fn no_lease_or_generator_finds_room_in_a_full_store() {
    let mut driver = full(10);
    let full = |response: Response| assert_eq!(response.why().what(), Limit::Memory);
    full(driver.run(GrantLease { lease: 0, ttl: SECOND }));
    full(driver.run(SeedGenerator { name: "dice".into(), ..SeedGenerator::default() }));
}

#[test]
fn a_client_that_comes_to_free_something_in_a_full_store_gets_a_session() {
    let mut driver = full(10);
    let sessions: Vec<u64> = (0..100).map(|_| driver.open_session(SECOND)).collect();
    for (session, n) in sessions.into_iter().zip(0..) {
        let delete = Delete::new(KeyRange::single(format!("{n:08}")));
        assert_eq!(driver.stamped(session, 1, 0, delete.with_previous()).failure(), None);
    }
    let full = (0..).find_map(|_| driver.run(OpenSession { ttl: SECOND }).failure().copied());
    assert_eq!(full.unwrap().what(), Limit::Memory);
    let usage = driver.machine.usage();
    // History has forgotten the deletions to make room, and what is known of them stays.
    assert!(usage.memory <= 8 * MIB + 100 * 256, "{usage:?}");
}

#[test]
fn a_retry_of_what_was_executed_gets_its_answer_though_there_is_no_room_any_more() {
    let mut driver = Driver::new();
    let session = driver.open_session(SECOND);
    let put = || Put::new("key", "value");
    let first = driver.stamped(session, 1, 0, put());
    assert_eq!(first.failure(), None);
    driver.run(SetMemory { bytes: 1 });
    assert_eq!(driver.stamped(session, 1, 0, put()), first);
    let refused = driver.stamped(session, 2, 0, Put::new("other", "value"));
    assert_eq!(refused.why().what(), Limit::Memory);
    driver.run(SetMemory { bytes: 0 });
    let again = driver.stamped(session, 2, 0, Put::new("other", "value"));
    assert_eq!(again, refused, "what was refused once is not executed later");
}

#[test]
fn history_gives_way_to_the_store_and_keeps_its_share() {
    let mut driver = full(10_000);
    let history = driver.machine.usage().history_bytes;
    assert!(history > 0);
    for _ in 0..3 {
        for n in 0..500 {
            driver.run(Put::new(format!("{n:08}"), vec![8; 10_000]));
        }
    }
    let usage = driver.machine.usage();
    assert!(usage.memory <= 8 * MIB, "{usage:?}");
    assert!(usage.history_bytes > MIB / 2, "an eighth, as the allocator sees it: {usage:?}");
}

#[test]
fn deletions_are_executed_however_little_there_is() {
    let mut driver = full(100);
    let session = {
        driver.run(SetMemory { bytes: 0 });
        driver.open_session(SECOND)
    };
    driver.run(SetMemory { bytes: MIB });
    let before = driver.machine.usage().keys;
    let deleted = driver.stamped(session, 1, 0, Delete::new(KeyRange::single("00000001")));
    assert_eq!(deleted.failure(), None);
    assert_eq!(driver.machine.usage().keys, before - 1);
    let restored = KvMachine::restore(&mut &driver.bytes()[..]).unwrap();
    assert_eq!(restored.usage(), driver.machine.usage());
    assert_eq!(restored.usage().memory_limit, MIB);
}
