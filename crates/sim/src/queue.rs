//! What is going to happen, by time; at equal times in the order of scheduling.

use std::collections::BTreeMap;

use crate::happening::Happening;

/// The world's agenda.
#[derive(Default)]
pub struct Queue {
    agenda: BTreeMap<(u64, u64), Happening>,
    scheduled: u64,
}

impl Queue {
    /// Schedules something.
    pub fn push(&mut self, time: u64, happening: Happening) {
        self.scheduled += 1;
        self.agenda.insert((time, self.scheduled), happening);
    }

    /// When the next thing happens.
    pub fn next_time(&self) -> Option<u64> {
        self.agenda.first_key_value().map(|((time, _), _)| *time)
    }

    /// Takes the next thing.
    pub fn pop(&mut self) -> Option<(u64, Happening)> {
        self.agenda.pop_first().map(|((time, _), happening)| (time, happening))
    }
}
