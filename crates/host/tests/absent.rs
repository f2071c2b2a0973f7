//! What docs/architecture.md says is absent: nobody but the host decides about order, durability and back-pressure.
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

/// Lines of these folders that have one of these words.
fn lines_with(folders: &[&str], words: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    folders.iter().for_each(|folder| sources(&root.join(folder), &mut files));
    assert!(files.len() > 10, "the folders are where they were");
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().filter(|line| words.iter().any(|word| line.contains(word)));
        found.extend(lines.map(|line| format!("{}: {}", file.display(), line.trim())));
    }
    found
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
