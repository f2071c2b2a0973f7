//! The rules of docs/protocol.md as text scripts, played in the simulated world.
//!
//! `UPDATE_SCENARIOS=1 cargo test -p understudy-protocol --test scenarios` records their output again; read
//! the difference before you commit it. The commands are listed in `understudy_sim::scenario`.
#![allow(clippy::unwrap_used)]

use std::path::Path;

#[test]
fn every_scenario_meets_its_expectations_and_its_recorded_output() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    match understudy_sim::scenario::check_folder(&folder) {
        Ok(files) => assert!(files >= 20, "only {files} scenarios found"),
        Err(report) => panic!("\n{report}"),
    }
}
