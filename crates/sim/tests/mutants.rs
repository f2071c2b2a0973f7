//! The hunt for wrong versions: what is easily caught is caught here, all of them by `.ci/run`.
#![allow(clippy::unwrap_used)]

use understudy_evidence::named;
use understudy_sim::hunt::hunt;
use understudy_sim::{Detail, Plan};

fn plan(seeds: u64) -> Plan {
    Plan { from: 1, to: 1 + seeds, until: None, jobs: 1, detail: Detail::Nothing, mutant: None }
}

#[test]
fn wrong_versions_are_caught_by_what_they_break() {
    for name in ["ack-before-fsync", "act-after-restart", "condition-ignored"] {
        let hunt = hunt(named(name).unwrap(), &plan(20), |_| ());
        assert!(hunt.is_good(), "{hunt}");
    }
}

#[test]
fn what_is_right_survives_and_nothing_stays_chosen_after_a_hunt() {
    let wrong = named("act-after-restart").unwrap();
    assert!(hunt(wrong, &plan(5), |_| ()).caught.is_some());
    let report = understudy_sim::fleet::run_seed(&plan(1), 1);
    assert_eq!(report.violation, None);
}
