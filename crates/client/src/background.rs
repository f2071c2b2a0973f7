//! Requests that are still sent when something has been dropped.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

/// Tasks that end on the server what was dropped here: one for each, each bounded by the time to live of that.
#[derive(Debug, Default)]
pub(crate) struct BackgroundTasks(Mutex<JoinSet<()>>);

impl BackgroundTasks {
    /// Runs one on `runtime`.
    pub fn spawn(&self, runtime: &Handle, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(task, runtime);
    }

    /// Waits until all have ended, at most until `deadline`.
    pub async fn join(&self, deadline: Instant) {
        let mut tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async { while tasks.join_next().await.is_some() {} };
        if timeout_at(deadline.into(), all).await.is_err() {
            // They go on as long as the runtime does.
            tasks.detach_all();
        }
    }
}
