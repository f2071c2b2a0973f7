//! What keeping old revisions costs: `cargo run --release -p understudy-machine --example history`.
//!
//! Figures, not a test. Puts over keys of 16 bytes with values of 256, one thread, without history and with
//! it, by turns in one run, so that whatever else the machine does strikes all alike. Before that, what a
//! kept revision takes in memory. Time is this thread's time on a processor, where Linux tells it.
#![allow(clippy::unwrap_used, clippy::disallowed_types)]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use understudy_machine::{Command, Input, KvMachine, Machine, Moment, Put, SetQuota};

/// How many revisions are kept.
const KEPT: [u64; 4] = [0, 1_000, 10_000, 1_000_000];
const KEYS: u64 = 100_000;
const ROUNDS: u64 = 20;
/// Puts of each round.
const PUTS: u64 = 50_000;

fn put(number: u64) -> Bytes {
    // Spread over the keyspace, so that neighbours in time are none in place.
    let key = format!("{:016x}", (number % KEYS).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    Command::new(Put::new(key.into_bytes(), vec![number as u8; 256])).to_payload()
}

fn apply(machine: &mut KvMachine, payload: &Bytes) {
    let index = machine.index() + 1;
    let moment = Moment { index, wall: index, elapsed: 1 };
    let response = machine.apply(moment, Input::Command(payload));
    assert!(response.failure().is_none(), "{response:?}");
}

/// A machine that keeps this many revisions and has them, and with it the memory that they take, bytes.
fn filled(kept: u64) -> (KvMachine, u64) {
    let mut machine = KvMachine::new();
    set_quota(&mut machine, 0);
    (0..KEYS).for_each(|number| apply(&mut machine, &put(number)));
    let before = memory();
    set_quota(&mut machine, kept);
    (0..kept).for_each(|number| apply(&mut machine, &put(number)));
    (machine, memory().saturating_sub(before))
}

fn set_quota(machine: &mut KvMachine, kept: u64) {
    let quota = SetQuota {
        max_history_revisions: Some(kept),
        max_history_bytes: Some(u64::MAX),
        min_history_age: Some(0),
        ..SetQuota::default()
    };
    apply(machine, &Command::new(quota).to_payload());
}

/// Time spent so far.
fn now() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let wall = BEGUN.elapsed();
    let scheduled = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let on_processor = scheduled.split(' ').next().and_then(|field| field.parse().ok());
    on_processor.map_or(wall, Duration::from_nanos)
}

/// Memory of this process, bytes; 0 where Linux does not tell it.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().map_or(0, |kilobytes: u64| kilobytes * 1024)
}

fn main() {
    let mut machines = KEPT.map(|kept| (kept, filled(kept), Vec::new()));
    for round in 0..ROUNDS {
        let payloads: Vec<_> = (0..PUTS).map(|number| put(round * PUTS + number)).collect();
        for (_, (machine, _), times) in &mut machines {
            let begun = now();
            payloads.iter().for_each(|payload| apply(machine, payload));
            times.push((now() - begun).as_nanos() as u64 / PUTS);
        }
    }
    for (kept, (_, memory), times) in &mut machines {
        times.sort_unstable();
        let (fastest, median) = (times[0], times[times.len() / 2]);
        print!("put, {kept:>9} revisions kept: {median:>5} ns, fastest {fastest:>5} ns");
        match *kept >= KEYS {
            true => println!(", {} bytes for each", *memory / *kept),
            false => println!(),
        }
    }
}
