//! Real processes that die, pause, leave and come back under load.
#![allow(clippy::unwrap_used)]

#[path = "../harness/mod.rs"]
mod harness;

mod ahead;
mod bank;
mod hangs;
mod kills;
mod leaving;
mod members;
mod pauses;
mod pipelines;
mod quiet;

/// Enough requests to see that the load goes on.
const SOME: u64 = 200;
/// Unpaced clients of the load.
const CLIENTS: u64 = 8;
