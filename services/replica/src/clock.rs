//! The clocks of this process, the only place that reads them for the protocol.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use understudy_protocol::Now;

/// Monotonic time since this life began, and the wall clock.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    start: Duration,
    started_wall: u64,
}

impl Clock {
    pub fn start() -> Self {
        Clock { start: monotonic(), started_wall: wall() }
    }

    pub fn now(&self) -> Now {
        Now { mono: nanos(monotonic().saturating_sub(self.start)), wall: wall() }
    }

    /// The instant of a time in [`Now::mono`]'s terms that is still to come; of another, now.
    pub fn instant(&self, mono: u64) -> Instant {
        Instant::now() + Duration::from_nanos(mono.saturating_sub(self.now().mono))
    }

    /// Nanoseconds since 1970 at which this life began.
    pub fn started_wall(&self) -> u64 {
        self.started_wall
    }
}

/// A clock that also goes on while the machine is suspended: else a primary that slept for an hour would
/// take itself for one that has just been heard.
#[cfg(target_os = "linux")]
fn monotonic() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let nanos = u64::try_from(now.tv_nsec).unwrap_or(0);
    Duration::from_secs(u64::try_from(now.tv_sec).unwrap_or(0)) + Duration::from_nanos(nanos)
}

/// The same where the system has no such clock by name.
#[cfg(not(target_os = "linux"))]
fn monotonic() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, nanos)
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_of_the_loop_is_as_far_away_as_the_clock_says() {
        let clock = Clock::start();
        let (before, now) = (Instant::now(), clock.now().mono);
        let later = clock.instant(now + 5_000_000_000);
        assert!(later <= Instant::now() + Duration::from_secs(5));
        assert!(later + Duration::from_millis(1) >= before + Duration::from_secs(5));
        assert!(clock.instant(0) <= Instant::now(), "what is over is now");
        assert!(clock.now().mono >= now);
    }
}
