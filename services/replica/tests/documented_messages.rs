//! Each message that the documentation quotes in its tables of what may go wrong is one that the code has.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Where messages are made.
const SOURCES: [&str; 6] = [
    "crates/arbiter/src",
    "crates/protocol/src",
    "crates/wal/src",
    "crates/client/src",
    "services/replica/src",
    "services/cli/src",
];

/// The pages, and between which lines their tables are. What helm says is not ours.
const TABLES: [(&str, &str, &str); 3] = [
    ("docs/operations.md", "## When something is wrong", "\n## "),
    ("docs/register-lease.md", "## When it is not what it should be", "\n## "),
    ("docs/kubernetes.md", "## Errors", "**helm itself**"),
];

#[test]
fn every_quoted_message_is_one_that_the_code_has() {
    let literals = literals();
    let (mut seen, mut unknown) = (0, Vec::new());
    for (page, from, to) in TABLES {
        let text = fs::read_to_string(Path::new(ROOT).join(page)).unwrap();
        let (_, text) = text.split_once(from).unwrap();
        let (text, _) = text.split_once(to).unwrap();
        for message in text.lines().flat_map(quoted) {
            seen += 1;
            if !has(&literals, message) {
                unknown.push(format!("{page}: {message}"));
            }
        }
    }
    assert!(seen > 25, "only {seen} messages were found: have the tables moved?");
    assert!(unknown.is_empty(), "no message of the program is like\n{}", unknown.join("\n"));
}

#[test]
fn what_no_message_says_is_found() {
    let literals = literals();
    for message in [
        "... is a copy",
        "the register was put back to epoch 3",
        "the register is empty but this data directory has history",
        "the register is damaged: Lease NS/F has lost an annotation",
        "not allowed to get Lease NS/F: the Role forbids it",
    ] {
        assert!(!has(&literals, message), "{message}");
    }
}

/// Whether the code has all clauses of a message, each as one literal.
fn has(literals: &[String], message: &str) -> bool {
    // The object that a clause is about is put in as a whole, or before the clause.
    let short = |message: String, kind| message.replace(&format!("{kind} NS/"), "NS/");
    let message = ["Lease", "Service", "Pod"].into_iter().fold(message.to_owned(), short);
    let has = |clause: &[&str]| literals.iter().any(|literal| says(&words(literal), clause));
    message.split(": ").all(|clause| has(&words(clause)))
}

/// What is quoted in the first cell of a table's line. A single word is a role or a file, not a message.
fn quoted(line: &str) -> Vec<&str> {
    let Some(cell) = line.strip_prefix("| ").and_then(|rest| rest.split(" | ").next()) else {
        return Vec::new();
    };
    cell.split('`').skip(1).step_by(2).filter(|quote| quote.contains(' ')).collect()
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace()
        .map(|word| if word.contains("...") { "..." } else { word.trim_matches(PUNCTUATION) })
        .filter(|word| !word.is_empty())
        .collect()
}

const PUNCTUATION: [char; 8] = [':', ';', ',', '?', '.', '(', ')', '`'];

/// Whether the literal has the clause, with at least half of its fixed words as they are.
fn says(literal: &[&str], clause: &[&str]) -> bool {
    let clause = match clause.split_first() {
        Some((first, rest)) if stands_for_others(first) => rest,
        _ => clause,
    };
    let fixed = clause.iter().filter(|word| !stands_for_others(word)).count();
    let at =
        |literal: &[&str]| matches(clause, literal).is_some_and(|equal| equal >= fixed.div_ceil(2));
    fixed == 0 || (0..literal.len()).any(|start| at(&literal[start..]))
}

/// How many words are equal if `literal` begins with `clause`.
fn matches(clause: &[&str], literal: &[&str]) -> Option<usize> {
    let Some((&word, rest)) = clause.split_first() else { return Some(0) };
    if word == "..." {
        return (0..=literal.len()).filter_map(|skip| matches(rest, &literal[skip..])).max();
    }
    let (&written, following) = literal.split_first()?;
    if written.contains('{') {
        // What is put in there may have several words.
        let most = clause.len().min(4);
        return (1..=most).filter_map(|taken| matches(&clause[taken..], following)).max();
    }
    if word == written {
        return Some(1 + matches(rest, following)?);
    }
    if stands_for_others(word) { matches(rest, following) } else { None }
}

/// Names, numbers and addresses are examples.
fn stands_for_others(word: &str) -> bool {
    let example = |c: char| c.is_ascii_digit() || "/\"=.".contains(c);
    word.contains(example) || !word.contains(|c: char| c.is_ascii_lowercase())
}

fn literals() -> Vec<String> {
    let mut literals = Vec::new();
    SOURCES.iter().for_each(|source| collect(&Path::new(ROOT).join(source), &mut literals));
    literals
}

/// The string literals of all sources below `path`, comments and unit tests left out.
fn collect(path: &Path, literals: &mut Vec<String>) {
    for entry in fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            collect(&entry, literals);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&entry).unwrap();
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            strings(&lines.collect::<Vec<_>>().join("\n"), literals);
        }
    }
}

fn strings(code: &str, literals: &mut Vec<String>) {
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        // The quotation mark as a character.
        if c == '\'' && chars.as_str().starts_with("\"'") {
            chars.nth(1);
        }
        if c != '"' {
            continue;
        }
        let mut literal = String::new();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                // A line that goes on has its blanks in the next one dropped by `words`.
                '\\' => literal.push(chars.next().filter(|c| *c != '\n').unwrap_or(' ')),
                c => literal.push(c),
            }
        }
        literals.push(literal);
    }
}
