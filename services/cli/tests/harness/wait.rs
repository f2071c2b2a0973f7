//! Waiting for conditions.

use std::future::Future;
use std::time::{Duration, Instant};

/// More than anything takes on a loaded machine.
pub const BOUND: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Waits until `condition` gives something. Panics after [`BOUND`].
pub async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut condition: impl FnMut() -> F,
) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(began.elapsed() < BOUND, "waited {BOUND:?} in vain until {what}");
        tokio::time::sleep(POLL).await;
    }
}
