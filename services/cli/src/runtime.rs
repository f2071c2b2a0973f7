//! The runtime of commands that talk to replicas.

use std::future::Future;

use tokio::runtime::Builder;

use crate::failure::Failure;

/// Runs `future` to its end on a runtime of this thread.
pub fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start the runtime: {error}")))?
        .block_on(future)
}
