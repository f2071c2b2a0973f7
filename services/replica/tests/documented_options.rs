//! The options that the documentation and the chart have are those of the program, with their defaults and bounds.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use understudy_replica::generated;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

#[test]
fn what_is_generated_from_the_options_is_as_they_are() {
    let mut old = Vec::new();
    for part in generated() {
        let path = Path::new(ROOT).join(part.file);
        let text = fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once(&part.begin).expect(part.file);
        let end =
            if part.end.is_empty() { rest.len() } else { rest.find(part.end).expect(part.file) };
        let wanted = [before, &part.begin, &part.text, &rest[end..]].concat();
        if text == wanted {
            continue;
        }
        match std::env::var_os("UPDATE_DOCS") {
            Some(_) => fs::write(&path, &wanted).unwrap(),
            None => old.push(part.file),
        }
    }
    old.dedup();
    assert!(
        old.is_empty(),
        "old: {}; renew with UPDATE_DOCS=1 cargo test -p understudy-replica --test documented_options, \
         then with UPDATE=1 helm/test what follows from the chart",
        old.join(", ")
    );
}
