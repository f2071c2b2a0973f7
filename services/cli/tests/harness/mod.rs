//! Real replicas for tests: processes of the binary under test, killed by their ids, on free ports, in
//! temporary directories. Every wait is for a condition and bounded; nothing is asserted after a sleep.

// Each test binary uses a part of it.
#![allow(dead_code)]

pub mod cluster;
pub mod command;
pub mod judge;
pub mod ports;
pub mod raw;
pub mod replica;
pub mod running;
pub mod wait;

use std::path::PathBuf;

use tokio::sync::{Semaphore, SemaphorePermit};

/// The binary under test.
pub fn binary() -> PathBuf {
    env!("CARGO_BIN_EXE_understudy").into()
}

/// So many clusters run at once, however many threads the test runner has.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Waits for a turn; held as long as the test runs.
pub async fn turn() -> SemaphorePermit<'static> {
    TURNS.acquire().await.expect("the semaphore is never closed")
}
