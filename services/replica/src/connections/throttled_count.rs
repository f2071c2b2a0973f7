//! What happens often is counted, and reported periodically.

use std::time::{Duration, Instant};

/// Between two times of saying it.
const QUIET: Duration = Duration::from_secs(10);

/// How often it has happened since it was last said.
#[derive(Default)]
pub(super) struct ThrottledCount {
    said: Option<Instant>,
    count: u64,
}

impl ThrottledCount {
    /// It has happened.
    pub fn count(&mut self) {
        self.count += 1;
    }

    /// How often, if it is to be said now.
    pub fn take_due(&mut self) -> Option<u64> {
        let now = Instant::now();
        if self.count == 0 || self.said.is_some_and(|said| now < said + QUIET) {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_at_once_and_then_not_for_a_while() {
        let mut count = ThrottledCount::default();
        assert_eq!(count.take_due(), None);
        count.count();
        assert_eq!(count.take_due(), Some(1));
        count.count();
        count.count();
        assert_eq!(count.take_due(), None);
        count.said = count.said.and_then(|said| said.checked_sub(QUIET));
        assert_eq!(count.take_due(), Some(2));
    }
}
