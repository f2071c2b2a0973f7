//! The clocks of this process, the only place that reads them for the protocol.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use understudy_protocol::Now;

/// Monotonic time since this life began, and the wall clock.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
    started_wall: u64,
}

impl Clock {
    pub fn start() -> Self {
        Clock { start: Instant::now(), started_wall: wall() }
    }

    pub fn now(&self) -> Now {
        Now { mono: nanos(self.start.elapsed()), wall: wall() }
    }

    /// The instant of a time in [`Now::mono`]'s terms.
    pub fn instant(&self, mono: u64) -> Instant {
        self.start + Duration::from_nanos(mono)
    }

    /// Nanoseconds since 1970 at which this life began.
    pub fn started_wall(&self) -> u64 {
        self.started_wall
    }
}

fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, nanos)
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
