//! What the machine alone gives: `cargo run --release -p understudy-machine --example apply`.
//!
//! Figures, not a test. Keys of 16 bytes, values of 256, one thread, payloads encoded beforehand.
//! Time is this thread's time on a processor where Linux tells it, otherwise the wall clock's.
//! The number of keys is the first argument, a million by default.
#![allow(clippy::unwrap_used, clippy::disallowed_types)]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use understudy_machine::{
    Command, Frozen, Input, KvMachine, Machine, Moment, OpenSession, Operation, Put, Stamp, Txn,
};

const OPERATIONS: u64 = 500_000;
const FREEZES: u64 = 1_000_000;

fn key(number: u64) -> Bytes {
    // Spread over the keyspace, so that neighbours in time are none in place.
    format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).into_bytes().into()
}

fn put(number: u64) -> Put {
    Put::new(key(number), vec![number as u8; 256])
}

fn payloads(count: u64, command: impl Fn(u64) -> Command) -> Vec<Bytes> {
    (0..count).map(|number| command(number).to_payload()).collect()
}

fn apply(machine: &mut KvMachine, payloads: &[Bytes]) {
    for payload in payloads {
        let index = machine.index() + 1;
        let response =
            machine.apply(Moment { index, wall: index, elapsed: 1 }, Input::Command(payload));
        assert!(response.failure().is_none(), "{response:?}");
    }
}

/// Time spent so far.
fn now() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let wall = BEGUN.elapsed();
    let scheduled = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let on_processor = scheduled.split(' ').next().and_then(|field| field.parse().ok());
    on_processor.map_or(wall, Duration::from_nanos)
}

fn report(what: &str, count: u64, begun: Duration) {
    let each = (now() - begun).as_nanos() as f64 / count as f64;
    println!("{what:<44} {:>12.0} /s {each:>10.1} ns each", 1e9 / each);
}

fn run(machine: &mut KvMachine, what: &str, operations: u64, payloads: &[Bytes]) {
    let begun = now();
    apply(machine, payloads);
    report(what, operations, begun);
}

fn main() {
    let keys = std::env::args().nth(1).map_or(1_000_000, |keys| keys.parse().unwrap());
    let put = |number| put(number % keys);
    let mut machine = KvMachine::new();
    run(&mut machine, "put, new keys", keys, &payloads(keys, |number| Command::new(put(number))));
    let again = payloads(OPERATIONS, |number| Command::new(put(number)));
    run(&mut machine, "put", OPERATIONS, &again);
    let session = machine.index() + 1;
    apply(&mut machine, &[Command::new(OpenSession { ttl: 60_000_000_000 }).to_payload()]);
    let stamped = payloads(OPERATIONS, |number| {
        let (sequence, received_below) = (number + 1, number.saturating_sub(63));
        let operation = Operation::Put(put(number));
        Command::stamped(Stamp { session, sequence, received_below }, operation)
    });
    run(&mut machine, "put in a session, 64 answers held", OPERATIONS, &stamped);
    let txns = payloads(OPERATIONS / 100, |number| {
        let then = (0..100).map(|step| put(number * 100 + step).into()).collect();
        Command::new(Txn { then, ..Txn::default() })
    });
    run(&mut machine, "put in transactions of 100", OPERATIONS, &txns);
    read(&machine, keys);
    freeze(&mut machine, &again, keys);
}

fn read(machine: &KvMachine, keys: u64) {
    let keys: Vec<_> = (0..OPERATIONS).map(|number| key(number % keys)).collect();
    let begun = now();
    let found = keys.iter().filter(|key| machine.get(key).is_some()).count();
    report("get", OPERATIONS, begun);
    assert_eq!(found as u64, OPERATIONS);
}

fn freeze(machine: &mut KvMachine, payloads: &[Bytes], keys: u64) {
    let begun = now();
    (0..FREEZES).for_each(|_| drop(machine.freeze()));
    report("freeze", FREEZES, begun);
    let frozen = machine.freeze();
    run(machine, "put, first after a freeze", OPERATIONS, payloads);
    run(machine, "put, the same keys again", OPERATIONS, payloads);
    let mut bytes = Vec::new();
    let begun = now();
    frozen.write(&mut bytes).unwrap();
    report("write a snapshot, keys", keys, begun);
    println!("{:<44} {:>12} bytes", "snapshot", bytes.len());
    let begun = now();
    drop(frozen);
    report("drop what was frozen", 1, begun);
    let begun = now();
    let restored = KvMachine::restore(&mut &bytes[..]).unwrap();
    report("restore, keys", keys, begun);
    assert_eq!(restored.usage().keys, keys);
}
