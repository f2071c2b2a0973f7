//! The simulation itself: it is deterministic, it exercises what it claims to, and a few hundred
//! seeds pass.
#![allow(clippy::unwrap_used)]

use understudy_sim::{Counts, Detail, swarm};

#[test]
fn the_same_seed_gives_the_same_trace_line_by_line() {
    for seed in [7, 8, 9] {
        let (one, other) =
            (swarm::run(seed, Detail::Everything), swarm::run(seed, Detail::Everything));
        assert!(one.trace.len() > 100);
        let difference = one.trace.iter().zip(&other.trace).find(|(a, b)| a != b);
        assert_eq!(difference, None, "seed {seed}");
        assert_eq!(one.trace.len(), other.trace.len());
        assert_eq!(one.counts.by_name, other.counts.by_name);
    }
}

#[test]
fn a_trace_that_is_kept_changes_nothing() {
    for seed in [10, 11] {
        let (kept, not) = (swarm::run(seed, Detail::Everything), swarm::run(seed, Detail::Nothing));
        assert_eq!(kept.counts.by_name, not.counts.by_name, "seed {seed}");
        assert_eq!((kept.time, kept.committed), (not.time, not.committed));
    }
}

#[test]
fn other_seeds_give_other_runs() {
    let (one, other) = (swarm::run(1, Detail::Nothing), swarm::run(2, Detail::Nothing));
    assert_ne!((one.time, one.counts.by_name), (other.time, other.counts.by_name));
}

#[test]
fn every_fault_happens_and_no_seed_fails() {
    let mut total = Counts::default();
    for seed in 1..=400 {
        let report = swarm::run(seed, Detail::Nothing);
        assert_eq!(report.violation, None, "replay: {}", report.replay(None));
        for (name, count) in report.counts.by_name {
            *total.by_name.entry(name).or_default() += count;
        }
    }
    for (_, names) in understudy_sim::COVERAGE {
        for name in *names {
            assert!(total.of(name) > 0, "{name} never happens");
        }
    }
    for name in ["operations answered", "read answered after a round", "register write won"] {
        assert!(total.of(name) > 100, "{name}: {}", total.of(name));
    }
}
