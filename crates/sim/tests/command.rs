//! The command: its exit codes, and that its output does not depend on the number of threads.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

fn sim(arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_understudy-sim"));
    command.args(arguments.split_whitespace()).output().unwrap()
}

/// What it printed but for the last line, which says how fast it was.
fn counts(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let (counts, _) = text.trim_end().rsplit_once('\n').unwrap();
    counts.to_owned()
}

#[test]
fn seeds_that_pass_end_with_0_whatever_the_number_of_threads() {
    let (one, three) = (sim("--seeds 7 --from 40 --jobs 1"), sim("--seeds 7 --from 40 --jobs 3"));
    assert_eq!((one.status.code(), three.status.code()), (Some(0), Some(0)));
    assert!(counts(&one).contains("the median seed: "));
    assert_eq!(counts(&one), counts(&three));
}

#[test]
fn a_violation_ends_with_1_and_the_command_that_replays_it() {
    let output = sim("--seeds 40 --mutant ack-before-backup");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("replay: cargo run --release -p understudy-sim -- --seeds 1 --from "));
}

#[test]
fn what_happens_too_seldom_ends_with_1() {
    assert_eq!(sim("--seeds 1 --at-least 1000000").status.code(), Some(1));
}

#[test]
fn a_page_without_the_marks_of_the_table_ends_with_1() {
    let page = std::env::temp_dir().join(format!("understudy-sim-{}.md", std::process::id()));
    std::fs::write(&page, "# A page\n").unwrap();
    let output = sim(&format!("--seeds 1 --table {}", page.display()));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&page).unwrap(), "# A page\n");
    std::fs::remove_file(&page).unwrap();
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    for wrong in ["--sedes 5", "--jobs 0", "--seeds many"] {
        assert_eq!(sim(wrong).status.code(), Some(2), "{wrong}");
    }
}
