//! The client at work, and the judgement after every entry.

use crate::checks::check::{Check, Done, Ended};
use crate::clients::Job;
use crate::faults::fault::FaultKinds;
use crate::world::World;
use crate::world::clock::MILLISECOND;
use crate::world::event::SimEvent;

/// Compares what ranges hold with what the log says.
pub(crate) struct RangesCheck;

impl Check for RangesCheck {
    fn prepare(&self, world: &mut World, _faults: &mut FaultKinds) {
        world.prepare_ranges();
    }

    fn executed(&self, world: &mut World, done: &Done<'_>) {
        let Some(machine) = world.hosts[done.host].machine() else { return };
        let noted = world.ranges.note(done.entry, done.response, machine, &mut world.counts);
        world.fail_on(noted);
    }

    fn ended(&self, world: &mut World, ended: &Ended<'_>) -> Option<u64> {
        let own = world.ranges.client == Some(ended.client) && !world.ranges.resting;
        own.then(|| world.range_over(ended.client))
    }

    fn rest(&self, world: &mut World) {
        world.ranges.resting = true;
    }
}

impl World {
    /// Somebody begins to use ranges.
    fn prepare_ranges(&mut self) {
        if self.ranges.enabled {
            let id = self.add_client();
            self.ranges.client = Some(id);
            let pause = self.range_over(id);
            self.after(pause, SimEvent::ClientTurn(id));
        }
    }

    /// Gives the client its next job; it begins after the pause that is returned.
    fn range_over(&mut self, id: u64) -> u64 {
        let operation = self.ranges.next();
        self.clients[id as usize].queue.push_back(Job::Stamped(operation));
        self.ranges.rng.u64(0..200 * MILLISECOND)
    }
}
