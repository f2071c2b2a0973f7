//! The code that the documentation names is there, and so is what it links to.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Pages beside those of `docs`.
const PAGES: [&str; 5] = [
    "README.md",
    "CONTRIBUTING.md",
    "helm/understudy/README.md",
    "deploy/dev-cluster/README.md",
    "examples/bank/README.md",
];

#[test]
fn every_file_and_function_that_the_documentation_names_is_there() {
    let files = files();
    let (mut seen, mut missing) = (0, Vec::new());
    // What an ADR names was so on its day.
    for page in pages().iter().filter(|page| !page.contains("/adr/")) {
        let text = fs::read_to_string(Path::new(ROOT).join(page)).unwrap();
        for (line, code) in code(&text) {
            let (path, name) = code.split_once("::").unwrap_or((code, ""));
            if !path.ends_with(".rs") && !is_path(path) {
                continue;
            }
            seen += 1;
            if is_path(path) && name.is_empty() && Path::new(ROOT).join(path).exists() {
                continue;
            }
            let end = format!("/{path}");
            let mut named = files.iter().filter(|file| *file == path || file.ends_with(&end));
            if !named.any(|file| name.is_empty() || defines(file, name)) {
                missing.push(format!("{page}:{line}: {code}"));
            }
        }
    }
    assert!(seen > 100, "only {seen} names were found: are they written in another way?");
    assert!(missing.is_empty(), "not there, or renamed:\n{}", missing.join("\n"));
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let path = Path::new(ROOT).join(&page);
        let text = fs::read_to_string(&path).unwrap();
        for link in links(&text).filter(|link| !link.contains("://")) {
            let (to, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = match to {
                "" => path.clone(),
                to => path.with_file_name(to),
            };
            let there = match anchor {
                "" => to.exists(),
                anchor => fs::read_to_string(&to)
                    .is_ok_and(|text| anchors(&text).any(|has| has == anchor)),
            };
            if !there {
                broken.push(format!("{page}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "leads nowhere:\n{}", broken.join("\n"));
}

#[test]
fn every_metric_that_a_page_names_is_in_the_list() {
    let list = fs::read_to_string(Path::new(ROOT).join("docs/operations.md")).unwrap();
    let (mut seen, mut missing) = (0, Vec::new());
    for page in pages() {
        let text = fs::read_to_string(Path::new(ROOT).join(&page)).unwrap();
        for (line, code) in code(&text) {
            let name = code.split([' ', '{']).next().unwrap();
            let plain = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            if plain && name.starts_with("understudy_") {
                seen += 1;
                if !list.contains(&format!("| `{name}` |")) {
                    missing.push(format!("{page}:{line}: {name}"));
                }
            }
        }
    }
    assert!(seen > 50, "only {seen} names were found");
    assert!(missing.is_empty(), "no such metric:\n{}", missing.join("\n"));
}

#[test]
fn the_numbers_of_wrong_versions_and_wrong_rules_are_those_of_their_tables() {
    let read = |page: &str| fs::read_to_string(Path::new(ROOT).join(page)).unwrap();
    let rows = |page: &str, begin: &str, end: &str| {
        let text = read(page);
        let (_, rest) = text.split_once(begin).unwrap();
        let (table, _) = rest.split_once(end).unwrap();
        // The first two lines of a table are its head.
        table.lines().filter(|line| line.starts_with('|')).count() - 2
    };
    let versions = rows("docs/mutants.md", "<!-- wrong versions", "<!-- end of wrong versions");
    let rules = rows("docs/model.md", "<!-- wrong rules", "<!-- end of wrong rules");
    for (page, said) in [
        ("README.md", format!("{versions} deliberate mistakes")),
        ("docs/testing.md", format!("{versions} mistakes, each caught")),
        ("docs/testing.md", format!("{rules} tempting wrong rules")),
    ] {
        assert!(read(page).contains(&said), "{page} should say: {said}");
    }
}

/// The pages, from the repository's root.
fn pages() -> Vec<String> {
    let mut pages: Vec<_> = PAGES.iter().map(ToString::to_string).collect();
    pages.extend(
        files().into_iter().filter(|file| file.starts_with("docs/") && file.ends_with(".md")),
    );
    pages
}

/// Every file of the repository, from its root.
fn files() -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(ROOT)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
            let made = ["target", ".git"].iter().any(|name| entry.file_name() == *name);
            match entry.file_type().unwrap().is_dir() {
                true if made => {}
                true => folders.push(entry.path()),
                false => {
                    let path = entry.path();
                    files.push(path.strip_prefix(ROOT).unwrap().display().to_string());
                }
            }
        }
    }
    files
}

/// What stands between backticks, with the number of its line.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    lines.flat_map(|(n, line)| line.split('`').skip(1).step_by(2).map(move |code| (n + 1, code)))
}

/// Whether it can only be a path from the repository's root.
fn is_path(code: &str) -> bool {
    let folders = ["crates/", "services/", "helm/", "deploy/", "proto/", "docs/", "examples/"];
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c);
    folders.iter().any(|folder| code.starts_with(folder)) && code.chars().all(plain)
}

fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
}

/// Headings, as links call them.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| line.starts_with('#')).map(|line| {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

/// Whether the file has a function, a type, a macro or a constant of this name.
fn defines(file: &str, name: &str) -> bool {
    const KINDS: [&str; 6] = ["fn", "struct", "enum", "trait", "const", "macro_rules!"];
    let text = fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    KINDS.iter().any(|kind| {
        let definition = format!("{kind} {name}");
        text.match_indices(&definition).any(|(at, found)| ends(&text[at + found.len()..]))
    })
}
