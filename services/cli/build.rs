//! Builds the library that `understudy torture` loads into replicas, to be carried in the binary.
//!
//! It is C because it must take the place of functions of the C library, which safe Rust cannot.

use std::path::Path;
use std::{env, fs};

const SOURCE: &str = "src/torture/shim/shim.c";

fn main() {
    println!("cargo:rerun-if-changed={SOURCE}");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let library = Path::new(&out).join("shim.so");
    if !can_be_loaded() {
        // Torture says that it has none.
        fs::write(&library, []).expect("OUT_DIR can be written");
        return;
    }
    let compiler = cc::Build::new().opt_level(2).pic(true).warnings(true).get_compiler();
    let mut command = compiler.to_command();
    command.args(["-shared", "-o"]).arg(&library).args([SOURCE, "-ldl"]);
    let status = command.status().expect("a C compiler is needed, as for mimalloc");
    assert!(status.success(), "{SOURCE} cannot be compiled: {status}");
}

/// A program that is linked statically, as musl's are, takes no library in between.
fn can_be_loaded() -> bool {
    env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux")
        && env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("gnu")
}
