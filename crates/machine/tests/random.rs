//! Generators: equal to CPython's bit for bit, drawn once, kept in snapshots. And the log's clock.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::process::Command as Process;

use common::{Driver, SECOND};
use understudy_machine::{
    Draw, Drawn, FailureCode, Frozen, KvMachine, Machine, Now, Outcome, Random, Response,
    SeedGenerator, SetGenerator, SetQuota,
};

fn seed(seed: &[u8]) -> SeedGenerator {
    SeedGenerator { name: "g".into(), seed: seed.to_vec().into(), drawn: false }
}

fn draw(what: Random, count: u64) -> Draw {
    Draw { name: "g".into(), what: what.into(), count }
}

fn drawn(response: Response) -> Drawn {
    match response.result {
        Some(Outcome::Drawn(drawn)) => drawn,
        other => panic!("nothing drawn: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Each line: what was drawn from one seed, in hex digits; 10,000 draws each.
const PYTHON: &str = r#"
import random, struct
for case in range(100):
    n = random.Random(case).getrandbits(1 + case * 37)
    random.seed(-n if case % 2 else n)
    out = [n.to_bytes(600, "big").hex()]
    for at in range(10000):
        k = 1 + at % 97
        match at % 4:
            case 0 | 1: out.append(struct.pack(">d", random.random()).hex())
            case 2: out.append(random.getrandbits(k).to_bytes((k + 7) // 8, "big").hex())
            case 3: out.append(random.randbytes(k).hex())
    version, state, gauss = random.getstate()
    out.append(str(state[624]))
    print(" ".join(out))
"#;

#[test]
fn a_million_draws_over_a_hundred_seeds_are_those_of_cpython() {
    let Ok(output) = Process::new("python3").args(["-c", PYTHON]).output() else {
        eprintln!("NOT COMPARED: there is no python3; the vectors that are kept are");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut draws = 0;
    for line in text.lines() {
        let mut expected = line.split(' ');
        let digits = expected.next().unwrap();
        let bytes: Vec<u8> = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect();
        let mut driver = Driver::new();
        driver.run(seed(&bytes));
        for at in 0..10_000 {
            let k = 1 + at % 97;
            let found = match at % 4 {
                0 | 1 => hex(&drawn(driver.run(draw(Random::Floats, 1))).floats[0].to_be_bytes()),
                2 => hex(&drawn(driver.run(draw(Random::Bits, k))).bytes),
                _ => hex(&drawn(driver.run(draw(Random::Bytes, k))).bytes),
            };
            assert_eq!(Some(&found[..]), expected.next(), "draw {at}");
            draws += 1;
        }
        let position = driver.machine.generator("g").unwrap().1.to_string();
        assert_eq!(Some(&position[..]), expected.next());
    }
    assert_eq!(draws, 1_000_000);
}

/// From CPython 3.11: `random.seed(n)` of 0, 123456 and -(2**200 + 12345), then `random.random()`,
/// `random.getrandbits(40)` and `random.randbytes(5)`.
#[test]
fn vectors_that_are_kept() {
    let mut large = [0; 26];
    (large[0], large[24], large[25]) = (1, 0x30, 0x39);
    for (n, float, bits, bytes) in [
        (&[][..], 0.844_421_851_525_048_1, "e3c2094cac", "5594aa6b0a"),
        (&[0, 1, 0xe2, 0x40], 0.805_627_136_258_9, "4acb477398", "41728807cc"),
        (&large, 0.147_342_039_714_527_86, "5eaf900f89", "ac2455edea"),
    ] {
        let mut driver = Driver::new();
        driver.run(seed(n));
        assert_eq!(drawn(driver.run(draw(Random::Floats, 1))).floats, [float]);
        assert_eq!(hex(&drawn(driver.run(draw(Random::Bits, 40))).bytes), bits);
        assert_eq!(hex(&drawn(driver.run(draw(Random::Bytes, 5))).bytes), bytes);
    }
}

#[test]
fn a_retry_gets_what_was_drawn_and_draws_nothing() {
    let mut driver = Driver::new();
    let session = driver.open_session(100 * SECOND);
    driver.run(seed(b"x"));
    let first = driver.stamped(session, 1, 1, draw(Random::Bits, 64));
    assert_eq!(driver.stamped(session, 1, 1, draw(Random::Bits, 64)), first);
    let second = driver.stamped(session, 2, 1, draw(Random::Bits, 64));
    assert_ne!(drawn(second.clone()), drawn(first.clone()));

    let mut other = Driver::new();
    other.run(seed(b"x"));
    let both: Vec<u8> = [first, second].into_iter().flat_map(|r| drawn(r).bytes).collect();
    let once: Vec<u8> =
        (0..2).flat_map(|_| drawn(other.run(draw(Random::Bits, 64))).bytes).collect();
    assert_eq!(both, once);
}

#[test]
fn a_retry_of_a_drawn_seed_is_the_same_operation_with_whatever_seed_it_comes() {
    let mut driver = Driver::new();
    let session = driver.open_session(100 * SECOND);
    let seeded = |bytes: &'static [u8]| SeedGenerator { drawn: true, ..seed(bytes) };
    let first = driver.stamped(session, 1, 1, seeded(b"one"));
    let state = driver.machine.generator("g").unwrap().0.to_vec();
    assert_eq!(driver.stamped(session, 1, 1, seeded(b"two")), first);
    assert_eq!(driver.machine.generator("g").unwrap().0, state, "the first seed stays");
    let given = driver.stamped(session, 1, 1, seed(b"one"));
    assert_eq!(given.failure().unwrap().code(), FailureCode::SequenceReused, "another operation");
}

#[test]
fn a_state_is_read_set_and_kept_in_snapshots() {
    let mut driver = Driver::new();
    driver.run(seed(b"x"));
    driver.run(draw(Random::Floats, 100));
    let (words, position) = driver.machine.generator("g").unwrap();
    let set = SetGenerator { name: "copy".into(), words: words.to_vec(), position };
    driver.run(set);
    let mut bytes = Vec::new();
    driver.machine.freeze().write(&mut bytes).unwrap();
    let restored = KvMachine::restore(&mut &bytes[..]).unwrap();
    assert_eq!(restored.state_hash(), driver.machine.state_hash());
    let mut other = Driver { machine: restored, ..driver };
    let copy = Draw { name: "copy".into(), ..draw(Random::Bytes, 33) };
    assert_eq!(drawn(other.run(copy)), drawn(other.run(draw(Random::Bytes, 33))));
    assert_eq!(other.machine.usage().generators, 2);
}

#[test]
fn what_cannot_be_drawn_moves_nothing() {
    let mut driver = Driver::new();
    let code = |response: &Response| response.failure().unwrap().code();
    let unknown = driver.run(draw(Random::Floats, 1));
    assert_eq!(code(&unknown), FailureCode::GeneratorUnknown);
    driver.run(seed(b"x"));
    let before = driver.machine.generator("g").unwrap().1;
    for (what, count) in [
        (Random::Floats, 10_001),
        (Random::Bits, 524_289),
        (Random::Bytes, 65_537),
        (Random::Bytes, u64::MAX),
        (Random::Unspecified, 1),
    ] {
        assert_eq!(code(&driver.run(draw(what, count))), FailureCode::BadCommand);
    }
    driver.run(SetQuota { max_response_bytes: Some(1024), ..SetQuota::default() });
    let long = driver.run(draw(Random::Bytes, 2_000));
    assert_eq!(code(&long), FailureCode::ResponseTooLarge);
    let session = driver.open_session(100 * SECOND);
    driver.run(SetQuota { max_session_held_bytes: Some(100), ..SetQuota::default() });
    let held = driver.stamped(session, 1, 1, draw(Random::Bytes, 200));
    assert_eq!(code(&held), FailureCode::QuotaExceeded);
    assert_eq!(driver.machine.generator("g").unwrap().1, before);

    driver.run(SetQuota { max_generators: Some(1), ..SetQuota::default() });
    let another = SeedGenerator { name: "h".into(), ..seed(b"x") };
    assert_eq!(code(&driver.run(another)), FailureCode::QuotaExceeded);
    driver.run(seed(b"anew"));
    for name in ["".to_string(), "n".repeat(257)] {
        let named = driver.run(SeedGenerator { name, ..seed(b"x") });
        assert_eq!(code(&named), FailureCode::BadCommand);
    }
    let words = |first: u32, rest: u32| {
        let mut words = vec![rest; 624];
        words[0] = first;
        words
    };
    for (words, position) in
        [(words(1, 1), 625), (words(0, 0), 1), (words(1, 0), 1), (vec![1; 623], 1), (vec![], 0)]
    {
        let set = driver.run(SetGenerator { name: "g".into(), words, position });
        assert_eq!(code(&set), FailureCode::BadCommand);
    }
    let set = SetGenerator { name: "g".into(), words: words(1 << 31, 0), position: 624 };
    assert!(driver.run(set).failure().is_none());
}

#[test]
fn the_clock_is_the_logs() {
    let mut driver = Driver::new();
    driver.elapsed = 7 * SECOND;
    match driver.run(Now {}).result {
        Some(Outcome::Time(time)) => assert_eq!((time.wall, time.elapsed), (1_001, 7 * SECOND)),
        other => panic!("{other:?}"),
    }
}
