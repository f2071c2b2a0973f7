//! The client against scripted replicas on real sockets.
#![allow(clippy::unwrap_used)]

mod doubt;
mod fake;
mod following;
mod limits;
mod model;
mod operators;
mod piping;
mod reply;
mod services;
mod sessions;
mod streams;
mod watcher;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use understudy_client::{Client, Options};

/// Options whose time-outs let a test be quick, and whose deadline lets a loaded machine be slow.
fn options() -> Options {
    Options::default().attempt_timeout(Duration::from_millis(300)).deadline(Duration::from_secs(20))
}

fn client(endpoints: &str, options: Options) -> Client {
    Client::new(&endpoints.parse().unwrap(), options)
}

fn observed(endpoints: &str) -> (Client, Arc<watcher::Watcher>) {
    let watcher = Arc::new(watcher::Watcher::default());
    (client(endpoints, options().observer(watcher.clone())), watcher)
}
