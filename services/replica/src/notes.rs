//! Lines of the log that would repeat: something that fails ten times a second is worth one line
//! from time to time.

use std::collections::VecDeque;

use understudy_protocol::MS;

/// A line that was written is not written again for this long.
const QUIET: u64 = 10_000 * MS;
/// How many lines are remembered.
const REMEMBERED: usize = 32;

/// The lines written lately, with when that was.
#[derive(Default)]
pub(crate) struct Notes {
    written: VecDeque<(u64, String)>,
}

impl Notes {
    /// Whether this line is to be written now.
    pub fn is_new(&mut self, now: u64, text: &str) -> bool {
        while self.written.front().is_some_and(|(at, _)| now >= at + QUIET)
            || self.written.len() > REMEMBERED
        {
            self.written.pop_front();
        }
        if self.written.iter().any(|(_, line)| line == text) {
            return false;
        }
        self.written.push_back((now, text.to_string()));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_once_in_a_while_and_others_meanwhile() {
        let mut notes = Notes::default();
        assert!(notes.is_new(0, "a"));
        assert!(!notes.is_new(QUIET - 1, "a"));
        assert!(notes.is_new(1, "b"));
        assert!(notes.is_new(QUIET, "a"));
        assert!(!notes.is_new(QUIET, "b"));
        for n in 0..1000 {
            notes.is_new(QUIET, &n.to_string());
        }
        assert!(notes.written.len() <= REMEMBERED + 1);
    }
}
