//! How long an answer may take.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The first one waits this long: a lost answer must not cost much of a failover.
const FIRST: Duration = Duration::from_secs(1);
/// The longest: an API server that is that slow is as good as away.
const LONGEST: Duration = Duration::from_secs(8);

/// Grows with every answer that does not come, so that a server that is only slow is understood in
/// the end, and is back at its beginning with the next answer.
#[derive(Default)]
pub struct Patience {
    missed: AtomicU32,
}

impl Patience {
    pub fn now(&self) -> Duration {
        let missed = self.missed.load(Ordering::Relaxed).min(16);
        (FIRST * 2u32.pow(missed)).min(LONGEST)
    }

    pub fn answered(&self) {
        self.missed.store(0, Ordering::Relaxed);
    }

    pub fn missed(&self) {
        let more = |missed: u32| missed.checked_add(1);
        let _ = self.missed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_its_bound_and_comes_back() {
        let patience = Patience::default();
        let mut seen = Vec::new();
        for _ in 0..6 {
            seen.push(patience.now().as_secs());
            patience.missed();
        }
        assert_eq!(seen, [1, 2, 4, 8, 8, 8]);
        patience.answered();
        assert_eq!(patience.now(), FIRST);
    }
}
