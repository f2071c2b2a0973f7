//! Small explorations that a debug build finishes in seconds.

use understudy_model::bounds::Bounds;
use understudy_model::check::{Verdict, explore, refute};
use understudy_model::properties::{FAILOVER, NAMED_HOLD_ALL, READ_AFTER};
use understudy_model::wrong::Wrong;

const SMALL: Bounds = Bounds {
    replicas: 2,
    named: 2,
    epochs: 3,
    requests: 2,
    writes: 1,
    reads: 1,
    crashes: 0,
    wipes: 0,
    late_answers: 0,
    breaks: 0,
};

#[test]
fn the_rules_hold() {
    let outcome = explore(SMALL, &[FAILOVER, READ_AFTER], 2);
    assert_eq!(outcome.verdict, Verdict::Holds { missed: vec![] });
}

#[test]
fn releasing_before_the_drop_is_won_loses_a_write() {
    let wrong = [Wrong::ReleaseBeforeDropWon].into_iter().collect();
    let outcome = refute(SMALL, wrong, NAMED_HOLD_ALL);
    assert!(matches!(outcome.verdict, Verdict::Violated { .. }), "{outcome:?}");
}
