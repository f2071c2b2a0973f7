//! A host's clocks, as they run against the world's time.

use understudy_protocol::Now;

/// Nanoseconds in a second.
pub const SECOND: u64 = 1_000_000_000;
/// Nanoseconds in a millisecond.
pub const MILLISECOND: u64 = 1_000_000;
/// The wall clock where the world's time begins: 2026-01-01.
const BIRTH: i128 = 1_767_225_600 * SECOND as i128;

/// A monotonic clock that runs a little fast or slow, and a wall clock that people set.
#[derive(Clone, Debug)]
pub struct Clock {
    /// What the monotonic clock shows at `since`, nanoseconds.
    pub offset: u64,
    /// The world's time since which it drifts like this.
    pub since: u64,
    /// Parts per million that it runs fast (positive) or slow.
    pub drift: i64,
    /// How far the wall clock has been set forward or back, nanoseconds.
    pub jump: i64,
}

impl Clock {
    /// What both show at the world's time.
    pub fn read(&self, time: u64) -> Now {
        let wall = BIRTH + i128::from(time) + i128::from(self.jump);
        Now { mono: self.mono(time), wall: u64::try_from(wall.max(0)).unwrap_or(u64::MAX) }
    }

    /// The first time of the world at which the monotonic clock shows at least `mono`.
    pub fn time_of(&self, mono: u64) -> u64 {
        let span = i128::from(mono.saturating_sub(self.offset));
        let time = span * 1_000_000 / i128::from(1_000_000 + self.drift);
        let mut time = self.since + u64::try_from(time).unwrap_or(u64::MAX);
        while self.mono(time) < mono {
            time += 1;
        }
        time
    }

    /// From now on the monotonic clock runs so fast or slow; it does not jump.
    pub fn set_drift(&mut self, time: u64, drift: i64) {
        self.offset = self.mono(time);
        self.since = time;
        self.drift = drift;
    }

    fn mono(&self, time: u64) -> u64 {
        let drifted =
            i128::from(time - self.since) * i128::from(1_000_000 + self.drift) / 1_000_000;
        self.offset + u64::try_from(drifted).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_is_the_first_time_that_shows_it() {
        for drift in [-50_000, -3, 0, 7, 50_000] {
            let mut clock = Clock { offset: 70, since: 0, drift: 0, jump: 0 };
            clock.set_drift(7, drift);
            for mono in [78, 1000, 123_456_789, 987_654_321_000] {
                let time = clock.time_of(mono);
                assert!(clock.read(time).mono >= mono);
                assert!(clock.read(time - 1).mono < mono, "drift {drift}, mono {mono}");
            }
        }
    }
}
