//! How long to pause before asking again.

use std::time::{Duration, Instant};

use crate::Options;

/// Pauses that grow with the outage: about a quarter of what it has lasted so far, so that the
/// pause itself never adds much to it, between a shortest and a longest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BackOff {
    shortest: Duration,
    longest: Duration,
    since: Option<Instant>,
}

impl BackOff {
    pub fn new(options: &Options) -> Self {
        Self { shortest: options.shortest_pause, longest: options.longest_pause, since: None }
    }

    /// Notes that something went wrong; the first time begins the outage.
    pub fn begin(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// The next pause; `random` in `0.0..1.0` spreads clients over the upper half of it.
    pub fn pause(&self, now: Instant, random: f64) -> Duration {
        let outage = self.since.map_or(Duration::ZERO, |since| now.duration_since(since));
        let longest = self.longest.max(self.shortest);
        (outage / 4).clamp(self.shortest, longest).mul_f64(0.5 + random / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_with_the_outage_between_their_bounds() {
        let mut back_off = BackOff::new(&Options::default());
        let start = Instant::now();
        let ms = |ms: u64| Duration::from_millis(ms);
        back_off.begin(start);
        back_off.begin(start + ms(300));
        assert_eq!(back_off.pause(start, 1.0), ms(5));
        assert_eq!(back_off.pause(start + ms(400), 1.0), ms(100));
        assert_eq!(back_off.pause(start + ms(400), 0.0), ms(50));
        assert_eq!(back_off.pause(start + ms(60_000), 1.0), ms(200));
    }
}
