//! Builds the library that moves a replica's clock, to be carried in the binary.
//!
//! It is C because it must take the place of a function of the C library, which safe Rust cannot.

use std::env;
use std::path::Path;

const SOURCE: &str = "src/faults/clock.c";

fn main() {
    println!("cargo:rerun-if-changed={SOURCE}");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let library = Path::new(&out).join("clock.so");
    let compiler = cc::Build::new().opt_level(2).pic(true).warnings(true).get_compiler();
    let mut command = compiler.to_command();
    command.args(["-shared", "-o"]).arg(&library).args([SOURCE, "-ldl"]);
    let status = command.status().expect("a C compiler is needed, as for mimalloc");
    assert!(status.success(), "{SOURCE} cannot be compiled: {status}");
}
