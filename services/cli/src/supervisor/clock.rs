//! The clock that goes on while the machine is suspended.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How late one may notice that the machine was suspended: other timers stand still meanwhile.
const LATE: Duration = Duration::from_millis(100);

/// Since the machine was started, suspended or not. All its processes see the same.
pub fn boot_time() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    // It counts from 0.
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

/// Waits until a boot time.
pub async fn until(at: Duration) {
    loop {
        let left = at.saturating_sub(boot_time());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LATE)).await;
    }
}
