//! Says now and then how far a long run is.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use crate::report::tally::Tally;

/// A line on standard error every two seconds on a terminal, every minute elsewhere.
pub struct Progress {
    began: Instant,
    told: Instant,
    pace: Duration,
}

impl Progress {
    /// Begins now.
    pub fn new(began: Instant) -> Self {
        let pace = if stderr().is_terminal() { 2 } else { 60 };
        Progress { began, told: began, pace: Duration::from_secs(pace) }
    }

    /// Says it, if it is time to.
    pub fn say(&mut self, tally: &Tally) {
        if self.told.elapsed() >= self.pace {
            self.told = Instant::now();
            eprintln!("{tally}, {}", speed(tally, self.began), tally = brief(tally));
        }
    }
}

fn brief(tally: &Tally) -> String {
    format!("{} seeds, {} failed", tally.seeds, tally.failed.len())
}

/// Seeds and simulated time, per second of this machine.
pub fn speed(tally: &Tally, began: Instant) -> String {
    let seconds = began.elapsed().as_secs_f64();
    let simulated = tally.simulated();
    format!(
        "{simulated:.0} simulated s in {seconds:.1} s: {:.1} seeds/s, {:.0} simulated s/s",
        tally.seeds as f64 / seconds,
        simulated / seconds
    )
}
