//! The table of options in the documentation is what the program accepts.
#![allow(clippy::unwrap_used)]

use std::fs;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
const BEGIN: &str = "<!-- options: generated, see services/replica/tests/options_table.rs -->\n";
const END: &str = "<!-- end of options -->";

#[test]
fn the_documented_options_are_the_ones_there_are() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let table = understudy_replica::options_table();
    let wanted = format!("{before}{BEGIN}{table}{END}{after}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, &wanted).unwrap();
    }
    let now = fs::read_to_string(PAGE).unwrap();
    assert!(now == wanted, "docs/operations.md is old: run this test with UPDATE_DOCS=1");
}
