//! How a directory register is used.

use std::time::Duration;

/// How a directory register is used.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long an operation may take before it counts as unanswered.
    pub patience: Duration,
    /// How often [`crate::Arbiter::changed`] looks.
    pub poll: Duration,
    /// How many files below the highest are kept for people to look at; `register.0` always is.
    pub keep: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { patience: Duration::from_secs(2), poll: Duration::from_millis(250), keep: 16 }
    }
}
