//! Plans are drawn from the seed.

use crate::harness::command::{succeed, understudy};

fn plan(seed: &str, more: &[&str]) -> String {
    succeed(&[&["torture", "--plan", "--minutes", "30", "--seed", seed], more].concat())
}

#[test]
fn the_same_seed_draws_the_same_plan() {
    assert_eq!(plan("7", &[]), plan("7", &[]));
    assert_ne!(plan("7", &[]), plan("8", &[]));
    assert!(plan("7", &[]).lines().count() > 300);
}

#[test]
fn only_chosen_faults_are_drawn() {
    let drawn = plan("7", &["--faults", "kill,register"]);
    let faults: Vec<&str> = drawn.lines().filter(|line| line.starts_with(' ')).collect();
    assert!(faults.len() > 100);
    for line in faults {
        assert!(line.contains("kill -9") || line.contains("the register"), "{line}");
    }
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    for wrong in [
        &["--faults", "rain"][..],
        &["--minutes", "0"],
        &["--fault", "true"],
        &["--endpoints", "a:1", "--netns"],
        &["--endpoints", "a:1", "--faults", "kill"],
    ] {
        let ended = understudy(&[&["torture", "--plan"], wrong].concat());
        assert_eq!(ended.code, Some(2), "{wrong:?}: {ended:?}");
    }
}
