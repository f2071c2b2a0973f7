//! The one clock of a run: nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share,
//! those in containers, too.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// Now, nanoseconds.
pub fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// The moment at which this clock began: what a recorder counts from.
pub fn origin() -> Instant {
    let now = Duration::from_nanos(now());
    // An instant of Linux may lie before its clock began, so the difference always exists.
    Instant::now().checked_sub(now).unwrap_or_else(Instant::now)
}

/// What this clock showed at a moment of the wall clock, given in nanoseconds since 1970; 0 if that
/// was before it began.
pub fn of_wall(moment: i64) -> u64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ago = wall.as_nanos() as i64 - moment;
    now().saturating_add_signed(-ago)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_and_the_clock_tell_the_same() {
        let (before, told) = (now(), origin().elapsed().as_nanos() as u64);
        assert!(told >= before && told <= now() + 1_000_000_000, "{before} {told}");
    }

    #[test]
    fn a_moment_of_the_wall_clock_is_found_again() {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let second_ago = of_wall(wall.as_nanos() as i64 - 1_000_000_000);
        let off = now() - second_ago;
        assert!((900_000_000..2_000_000_000).contains(&off), "{off}");
    }
}
