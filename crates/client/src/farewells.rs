//! Requests that are still sent, in the background, when something has been dropped.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

/// Tasks that end what was dropped: one for each, each bounded by what it ends.
#[derive(Debug, Default)]
pub(crate) struct Farewells(Mutex<JoinSet<()>>);

impl Farewells {
    /// Says it in the background.
    pub fn say(&self, runtime: &Handle, farewell: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(farewell, runtime);
    }

    /// Waits until all is said, at most until `deadline`.
    pub async fn said(&self, deadline: Instant) {
        let mut tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async { while tasks.join_next().await.is_some() {} };
        if timeout_at(deadline.into(), all).await.is_err() {
            // They go on as long as the runtime does.
            tasks.detach_all();
        }
    }
}
