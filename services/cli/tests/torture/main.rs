//! `understudy torture` and `understudy check`, as users run them.
#![allow(clippy::unwrap_used)]

#[path = "../harness/mod.rs"]
mod harness;

mod doctored;
mod interrupted;
mod namespaces;
mod own;
mod plan;
mod recorded;
mod yours;

use harness::command::{Ended, understudy};

/// Runs the binary beside the test's runtime.
async fn run(arguments: &[&str]) -> Ended {
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let ended = tokio::task::spawn_blocking(move || {
        understudy(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    });
    ended.await.unwrap()
}

/// What a command printed as JSON.
fn json(ended: &Ended) -> serde_json::Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}
