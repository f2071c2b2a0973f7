//! Every wrong rule leads to what docs/model.md says, and the document knows them all.

use understudy_model::bounds::Bounds;
use understudy_model::cases::{self, Expects};
use understudy_model::check::{self, Outcome, Verdict};
use understudy_model::configurations::{self, Size};
use understudy_model::document;
use understudy_model::properties::{EPOCHS_GROW, ONE_ACTOR, SAFETY};
use understudy_model::protocol::Protocol;
use understudy_model::trace;
use understudy_model::walk::walk;
use understudy_model::wrong::Wrong;

#[test]
fn each_breaks_what_it_is_said_to_break() {
    for case in cases::all() {
        let Expects::Breaks(expected) = case.expects else { continue };
        let Outcome { verdict, states, .. } = case.refute();
        let Verdict::Violated { property, actions } = verdict else {
            panic!("{}: no counterexample in {states} states", case.name());
        };
        assert_eq!(property, expected, "{}", case.name());
        assert!(trace::breaks(&case.model(), property, &actions), "{}", case.name());
        assert_eq!(trace::lines(&case.model(), &actions).len(), actions.len());
        let right = Protocol::right(case.bounds);
        assert!(!trace::breaks(&right, property, &actions), "{}: the right rules too", case.name());
    }
}

/// A property that nothing can violate would say nothing.
#[test]
fn each_property_can_be_violated() {
    let mut broken: Vec<&str> = vec![];
    for (wrong, property) in
        [(Wrong::UnknownForWon, ONE_ACTOR), (Wrong::ForgetHighest, EPOCHS_GROW)]
    {
        let case =
            cases::all().into_iter().find(|case| case.wrongs == [wrong]).expect("it is there");
        let outcome = check::refute(case.bounds, [wrong].into_iter().collect(), Some(property));
        assert!(matches!(outcome.verdict, Verdict::Violated { .. }), "{property}");
        broken.push(property);
    }
    broken.extend(cases::all().iter().filter_map(|case| match case.expects {
        Expects::Breaks(property) => Some(property),
        Expects::Nothing(_) => None,
    }));
    assert!(SAFETY.iter().all(|property| broken.contains(property)), "{broken:?}");
}

/// Far beyond what can be explored, a walk still stumbles over what is wrong.
#[test]
fn a_walk_finds_a_wrong_rule_and_nothing_else() {
    let mut model = Protocol::right(configurations::walked(2, 1));
    let right = walk(&model, 1, 200_000);
    assert_eq!(right.verdict, Verdict::Holds { missed: vec![] });
    assert!(right.depth > 50, "{}", right.depth);
    model.rules.wrongs = [Wrong::UnlandedForLost].into_iter().collect();
    let Verdict::Violated { property, actions } = walk(&model, 1, 5_000_000).verdict else {
        panic!("it walks past it");
    };
    assert!(trace::breaks(&model, property, &actions));
}

/// The whole exploration is the command's; this is a smaller one.
#[test]
fn those_that_are_guarded_twice_break_nothing() {
    for mut case in cases::all() {
        if matches!(case.expects, Expects::Nothing(_)) {
            case.bounds = Bounds { crashes: 0, wipes: 0, epochs: 3, ..case.bounds };
            let outcome = case.refute();
            assert!(case.is_met(&outcome.verdict), "{}: {:?}", case.name(), outcome.verdict);
        }
    }
}

#[test]
fn every_name_leads_to_its_rule() {
    for wrong in Wrong::ALL {
        assert_eq!(Wrong::named(&wrong.name()), Some(*wrong));
        assert!((1..=12).contains(&wrong.rule()));
    }
    assert_eq!(Wrong::named("no-such-rule"), None);
}

#[test]
fn the_document_lists_what_there_is() {
    let text = include_str!("../../../docs/model.md");
    let column = |section: &str, column: usize| -> Vec<String> {
        let table = document::section(text, section).expect("the document has its marks");
        let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
        rows.filter_map(|row| row.split('|').nth(column + 1)).map(|c| c.trim().into()).collect()
    };
    let wrong: Vec<String> = cases::all().iter().map(|case| case.name()).collect();
    assert_eq!(column("wrong rules", 1), wrong);
    for (section, size) in [("explored", Size::Usual), ("deep", Size::Deep)] {
        let names: Vec<&str> = configurations::all(size).iter().map(|c| c.name).collect();
        assert_eq!(column(section, 0), names, "run `understudy-model --markdown`");
        let bounds: Vec<String> =
            configurations::all(size).iter().map(|c| c.bounds.to_string()).collect();
        assert_eq!(column(section, 1), bounds, "run `understudy-model --markdown`");
    }
}
