//! The pause between two tries of something that keeps failing: as asked for at first, since most of what
//! fails is over soon, and then ever longer.

/// Tries before the pauses grow.
const SOON: u32 = 16;

/// Counts the tries of one thing.
#[derive(Default, Debug)]
pub(crate) struct Pause {
    tries: u32,
}

impl Pause {
    /// The pause after one more try that failed, nanoseconds: `first`, and from the seventeenth in a row
    /// on twice the one before, up to `longest`.
    pub fn next(&mut self, first: u64, longest: u64) -> u64 {
        let doublings = self.tries.saturating_sub(SOON).min(20);
        self.tries = self.tries.saturating_add(1);
        (first << doublings).min(longest.max(first))
    }

    /// Nothing has failed lately.
    pub fn is_reset(&self) -> bool {
        self.tries == 0
    }

    /// It did not fail.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_short_for_a_while_and_then_grow_up_to_a_bound() {
        let mut pause = Pause::default();
        let pauses: Vec<u64> = (0..22).map(|_| pause.next(20, 300)).collect();
        assert_eq!(pauses[..17], [20; 17]);
        assert_eq!(pauses[17..], [40, 80, 160, 300, 300]);
        assert_eq!((0..1000).map(|_| pause.next(20, 300)).max(), Some(300));
        pause.reset();
        assert_eq!(pause.next(20, 300), 20);
        assert_eq!(pause.next(20, 3), 20);
    }
}
