//! Which file of a crate imports which, and that no two do so in a circle: what is shared lies below those who
//! share it.
//!
//! `cargo test -p understudy-host --test imports -- --show-output` prints the graph.
#![allow(clippy::unwrap_used, clippy::disallowed_types, clippy::disallowed_methods)]

mod graph;
mod modules;
mod paths;

use std::path::Path;

use graph::Graph;

/// Prints who imports whom, and fails on circles.
fn has_no_circle(krate: &str) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(krate).join("src");
    let graph = Graph::read(&source);
    assert!(graph.len() > 10, "{krate}: only {} imports are seen", graph.len());
    println!("{krate}\n{graph}");
    let circles = graph.circles();
    assert!(circles.is_empty(), "{krate}: files import each other in a circle:\n{circles}");
}

#[test]
fn no_files_of_a_crate_import_each_other() {
    let crates = [
        "arbiter", "client", "fuzzing", "history", "host", "load", "machine", "model", "protocol",
        "sim", "wal",
    ];
    for krate in crates {
        has_no_circle(krate);
    }
}

#[test]
fn circles_are_seen_through_re_exports_and_inline_paths() {
    let dir = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| std::fs::write(dir.path().join(file), text).unwrap();
    write("lib.rs", "mod a; mod b; mod c; mod d; mod e; pub use a::A; pub(crate) use c::*;");
    write("a.rs", "use crate::b; pub struct A; fn f() { b::g() }");
    write(
        "b.rs",
        "use super::*; pub fn g() { vec![C] } #[cfg(test)] mod tests { use crate::d::D; }",
    );
    write("c.rs", "pub struct C; fn h() { assert!(crate::A == 1) }");
    write("d.rs", "use crate::e::Kind::One; fn f() { crate::b::g() }");
    write("e.rs", "pub enum Kind { One } impl std::fmt::Debug for Kind {}");
    let graph = Graph::read(dir.path());
    let circles = graph.circles();
    let wanted = "  a.rs -> b.rs (crate::b, g)\n  b.rs -> c.rs (C)\n  c.rs -> a.rs (A)\n";
    assert_eq!(circles, wanted, "{graph}");
    assert!(graph.to_string().contains("d.rs -> b.rs, e.rs\n"), "{graph}");
}
