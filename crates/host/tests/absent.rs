//! What docs/architecture.md says is absent.
#![allow(clippy::unwrap_used, clippy::disallowed_types, clippy::disallowed_methods)]

use std::fs;
use std::path::{Path, PathBuf};

fn sources(below: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Lines of these folders and files that have one of these words.
fn lines_with(places: &[&str], words: &[&str]) -> Vec<String> {
    lines_where(places, |line| words.iter().any(|word| line.contains(word)))
}

fn lines_where(places: &[&str], matches: impl Fn(&str) -> bool) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let mut files = Vec::new();
    for place in places.iter().map(|place| root.join(place)) {
        if place.is_dir() { sources(&place, &mut files) } else { files.push(place) }
    }
    assert!(files.len() > 5, "the sources are where they were");
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(&root).unwrap().display();
        let lines = text.lines().filter(|line| matches(line));
        found.extend(lines.map(|line| format!("{name}: {}", line.trim())));
    }
    found
}

/// The files of such lines.
fn files_of(lines: &[String]) -> Vec<&str> {
    let mut files: Vec<_> = lines.iter().map(|line| line.split(':').next().unwrap()).collect();
    files.dedup();
    files
}

#[test]
fn only_the_host_steps_the_protocol() {
    let others =
        ["crates/sim/src", "crates/fuzzing/src", "services/replica/src", "services/cli/src"];
    assert_eq!(lines_with(&others, &["Replica::new("]), Vec::<String>::new());
}

#[test]
fn the_service_carries_out_no_effect_and_writes_no_log() {
    let words = [
        "Effect::",
        ".save_state(",
        ".set_aside_tail(",
        ".snapshot_writer(",
        ".store_part(",
        ".adopt(",
        ".look_for_room(",
        ".note_commit(",
    ];
    assert_eq!(lines_with(&["services/replica/src"], &words), Vec::<String>::new());
}

/// Arms of a match over one of these types that take whatever no other arm does.
fn wildcards(text: &str, types: &[&str]) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let depth = |line: &str| line.len() - line.trim_start().len();
    let takes_the_rest = |line: &&str| {
        let pattern = line.split([' ', '{']).next().unwrap_or_default();
        line.contains("=>") && pattern.starts_with(|c: char| c == '_' || c.is_lowercase())
    };
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if !takes_the_rest(&line.trim_start()) {
            continue;
        }
        // rustfmt puts the arms of a match at one depth.
        let arms = lines[..at]
            .iter()
            .rev()
            .take_while(|other| other.trim().is_empty() || depth(other) >= depth(line));
        let mut arms = arms.filter(|other| depth(other) == depth(line));
        if arms.any(|arm| types.iter().any(|name| arm.trim_start().starts_with(name))) {
            found.push(line.trim().to_owned());
        }
    }
    found
}

#[test]
fn wildcards_over_a_type_are_seen() {
    let text = "match event {\n    Event::Tick => {\n        tick()\n    }\n    other => drop(other),\n}\nmatch role {\n    Role::Ended => 1,\n    _ => 2,\n}";
    assert_eq!(wildcards(text, &["Event::"]), ["other => drop(other),"]);
    assert_eq!(wildcards(text, &["Role::"]), ["_ => 2,"]);
}

/// An arm names what it leaves to whom, so that whoever adds an event or an effect is asked.
#[test]
fn no_handler_takes_any_event_or_effect() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let mut files = Vec::new();
    for place in ["crates/protocol/src", "crates/host/src", "services/replica/src/driver"] {
        sources(&root.join(place), &mut files);
    }
    files.retain(|file| !file.ends_with("tests.rs"));
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let found = wildcards(&text, &["Event::", "Effect::", "Output::"]);
        assert_eq!(found, Vec::<String>::new(), "{}", file.display());
    }
}

/// Whether a line names a gRPC code, or makes a status of one. That of success is none of a failure.
fn names_a_code(line: &str) -> bool {
    let after = |word: &str| {
        let found = line.match_indices(word).map(|(at, word)| line.split_at(at + word.len()));
        let whole = found.filter(|(before, _)| {
            let before = &before[..before.len() - word.len()];
            !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        });
        whole.map(|(_, after)| after.to_owned()).collect::<Vec<_>>()
    };
    let made = |after: &String| {
        let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        !["from", "from_header_map", "ok"].contains(&&name[..])
    };
    line.contains("tonic::Code")
        || !after("Code::").is_empty()
        || after("Status::").iter().any(made)
}

#[test]
fn only_refusals_know_grpc_codes() {
    let lines = lines_where(&["services/replica/src"], names_a_code);
    let known = ["services/replica/src/refusal/tests.rs", "services/replica/src/refusal.rs"];
    assert_eq!(files_of(&lines), known, "{lines:#?}");
}

const LOCKS: &[&str] = &["Mutex", "RwLock"];

#[test]
fn what_owns_the_state_has_no_lock() {
    let owners = [
        "crates/protocol/src",
        "crates/machine/src",
        "crates/host/src",
        "services/replica/src/driver",
        "services/replica/src/peers",
    ];
    assert_eq!(lines_with(&owners, LOCKS), Vec::<String>::new());
}

/// Clippy refuses the standard library's locks across an await.
#[test]
fn one_lock_can_be_held_across_an_await() {
    let words = ["tokio::sync::Mutex", "tokio::sync::RwLock", "sync::{Mutex", ", Mutex}", "RwLock"];
    let lines = lines_with(&["services/replica/src"], &words);
    let of_tokio: Vec<_> = lines.into_iter().filter(|line| !line.contains("std::sync")).collect();
    assert_eq!(files_of(&of_tokio), ["services/replica/src/clients/admin.rs"], "{of_tokio:#?}");
}

#[test]
fn no_request_asks_the_register() {
    let path = [
        "crates/protocol/src/lead/requests.rs",
        "crates/protocol/src/lead/answer_reads.rs",
        "crates/protocol/src/lead/reads.rs",
        "crates/protocol/src/lead/tail.rs",
        "crates/protocol/src/lead/speculate.rs",
        "crates/protocol/src/lead/commit.rs",
        "crates/protocol/src/follow/receive.rs",
        "crates/protocol/src/core/execute.rs",
        "services/replica/src/clients",
        "services/replica/src/connections",
        "services/replica/src/watches",
    ];
    let words = ["ReadRegister", "WriteRegister", ".register.", "understudy_arbiter"];
    assert_eq!(lines_with(&path, &words), Vec::<String>::new());
}
