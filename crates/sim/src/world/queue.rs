//! What is going to happen, by time; at equal times in the order of scheduling.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::world::event::SimEvent;

/// The queue of events. What is to happen stays where it was put: only numbers are sorted.
#[derive(Default)]
pub struct Queue {
    /// Time, order of scheduling, place.
    order: BinaryHeap<Reverse<(u64, u64, usize)>>,
    places: Vec<Option<SimEvent>>,
    free: Vec<usize>,
    scheduled: u64,
}

impl Queue {
    /// Schedules something.
    pub fn push(&mut self, time: u64, event: SimEvent) {
        self.scheduled += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[place] = Some(event);
        self.order.push(Reverse((time, self.scheduled, place)));
    }

    /// When the next thing happens.
    pub fn next_time(&self) -> Option<u64> {
        self.order.peek().map(|Reverse((time, ..))| *time)
    }

    /// Takes the next thing.
    pub fn pop(&mut self) -> Option<(u64, SimEvent)> {
        let Reverse((time, _, place)) = self.order.pop()?;
        self.free.push(place);
        Some((time, self.places[place].take()?))
    }
}
