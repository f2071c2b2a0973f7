//! What all workers have measured.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// Latencies beyond this count as this.
const LONGEST: Duration = Duration::from_secs(3600);

/// What all workers have measured.
#[derive(Debug)]
pub struct Tally(Mutex<Counts>);

/// Latencies are in microseconds.
#[derive(Clone, Debug)]
pub struct Counts {
    pub puts: Histogram<u64>,
    pub gets: Histogram<u64>,
    /// Surely not executed, in time.
    pub failed: u64,
    /// Outcome unknown.
    pub unknown: u64,
    /// The longest time without any answer.
    pub pause: Duration,
    last_answer: Instant,
}

impl Tally {
    pub fn new(began: Instant) -> Self {
        let longest = LONGEST.as_micros() as u64;
        let latencies = Histogram::new_with_bounds(1, longest, 3)
            .expect("1 to an hour of microseconds at 3 digits are valid bounds");
        Self(Mutex::new(Counts {
            puts: latencies.clone(),
            gets: latencies,
            failed: 0,
            unknown: 0,
            pause: Duration::ZERO,
            last_answer: began,
        }))
    }

    pub fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Notes an answer that came now.
    pub fn answered(&mut self, is_put: bool, began: Instant) {
        let now = Instant::now();
        let latencies = if is_put { &mut self.puts } else { &mut self.gets };
        latencies.saturating_record(now.duration_since(began).as_micros() as u64);
        self.pause = self.pause.max(now.saturating_duration_since(self.last_answer));
        self.last_answer = now;
    }

    /// How many answers there are.
    pub fn answers(&self) -> u64 {
        self.puts.len() + self.gets.len()
    }
}
