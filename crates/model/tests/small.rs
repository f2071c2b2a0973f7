//! Small explorations that a debug build finishes in seconds.

use understudy_model::check::{Verdict, explore};
use understudy_model::configurations::{Size, all};

#[test]
fn the_rules_hold_and_everything_is_reached() {
    for configuration in all(Size::Small) {
        let outcome = explore(configuration.bounds, &configuration.reached, 2);
        println!("{}: {} states in {:?}", configuration.name, outcome.states, outcome.took);
        assert_eq!(outcome.verdict, Verdict::Holds { missed: vec![] }, "{}", configuration.name);
    }
}
