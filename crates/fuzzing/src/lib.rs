//! What must hold of any bytes that reach this program from outside, one function for each way in.
//!
//! Each takes bytes, feeds them to the code that ships and panics if something is wrong with what
//! comes of it: that is a bug. The package in `fuzz/` lets a fuzzer choose the bytes; this crate's
//! own test replays the inputs kept in `fuzz/seeds`, so that a machine without a fuzzer checks
//! them, too. `docs/fuzzing.md` says what each holds up.

mod body;
mod client_requests;
mod directory;
mod draft;
mod history;
mod machine_commands;
mod machine_snapshot;
mod options_file;
mod peer_messages;
mod protocol;
mod register_file;
mod requests;

pub use client_requests::client_requests;
pub use directory::{log_files, snapshot_files, state_files};
pub use history::history;
pub use machine_commands::machine_commands;
pub use machine_snapshot::machine_snapshot;
pub use options_file::options_file;
pub use peer_messages::peer_messages;
pub use protocol::protocol;
pub use register_file::register_file;

/// A function that panics if something is wrong.
pub type Property = fn(&[u8]);

/// Every property by name: that of its target in `fuzz/fuzz_targets` and of its folder in
/// `fuzz/seeds`.
pub const PROPERTIES: &[(&str, Property)] = &[
    ("client_requests", client_requests),
    ("history", history),
    ("log_files", log_files),
    ("machine_commands", machine_commands),
    ("machine_snapshot", machine_snapshot),
    ("options_file", options_file),
    ("peer_messages", peer_messages),
    ("protocol", protocol),
    ("register_file", register_file),
    ("snapshot_files", snapshot_files),
    ("state_files", state_files),
];
