//! The clocks of the log, as the primary writes them into each entry.

use understudy_evidence::correct;

use crate::Time;

/// Where the log's wall clock is ahead of the true time, it loses one part in this many until it is right.
const SLOWER: u64 = 10;

/// The wall clock of the next entry: what the primary's own shows, but never less than before. After a
/// primary whose clock ran ahead, or was set back, it goes on by elapsed time, a tenth slower than that.
pub(crate) fn wall_clock(last: Time, elapsed: u64, wall: u64) -> u64 {
    let passed = elapsed.saturating_sub(last.elapsed);
    let slowly = correct!(passed - passed / SLOWER, "wall-clock-stands-still" => 0);
    wall.max(last.wall.saturating_add(slowly))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const DAY: u64 = 86_400 * SECOND;

    #[test]
    fn a_wall_clock_that_is_a_day_ahead_goes_on_and_is_right_ten_days_later() {
        let begin = 20_000 * DAY;
        let mut log = Time { wall: begin + DAY, elapsed: 0 };
        let mut right = None;
        for minute in 1..=15_000 {
            let elapsed = minute * 60 * SECOND;
            let wall = wall_clock(log, elapsed, begin + elapsed);
            assert!(wall >= log.wall + 54 * SECOND, "minute {minute}: {wall}");
            log = Time { wall, elapsed };
            if right.is_none() && wall == begin + elapsed {
                right = Some(elapsed);
            }
        }
        assert_eq!(right, Some(10 * DAY));
    }

    #[test]
    fn it_follows_the_primarys_own_whenever_that_is_ahead_and_never_wraps() {
        let log = Time { wall: 100, elapsed: 50 };
        assert_eq!(wall_clock(log, 60, 111), 111);
        assert_eq!(wall_clock(log, 60, 100 + DAY), 100 + DAY);
        assert_eq!(wall_clock(log, 50, 7), 100, "no time has passed");
        let end = Time { wall: u64::MAX - 1, elapsed: 0 };
        assert_eq!(wall_clock(end, DAY, 7), u64::MAX);
    }
}
