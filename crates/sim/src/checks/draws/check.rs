//! The client that seeds the generator, and the judgement of what was drawn.

use understudy_machine::{Operation, Outcome};

use crate::checks::check::{Check, Ended};
use crate::checks::draws::{drawn, seed};
use crate::checks::violation::{Property, Violation};
use crate::clients::Job;
use crate::faults::fault::FaultKinds;
use crate::world::World;

/// Compares what was drawn with what the generator gives.
pub(crate) struct DrawsCheck;

impl Check for DrawsCheck {
    fn prepare(&self, world: &mut World, _faults: &mut FaultKinds) {
        world.prepare_draws();
    }

    fn ended(&self, world: &mut World, ended: &Ended<'_>) -> Option<u64> {
        if let Job::Stamped(operation) = ended.job {
            world.stamped_ended(operation, ended);
        }
        None
    }

    fn judge(&self, world: &mut World) {
        let judged = world
            .draws
            .judge()
            .map_err(|explanation| Violation { property: Property::DrawsHappenOnce, explanation });
        world.fail_on(judged);
    }
}

impl World {
    /// Somebody seeds the generator, once, however long that takes.
    fn prepare_draws(&mut self) {
        if !self.draws.enabled {
            return;
        }
        let id = self.add_client();
        self.clients[id as usize].deadline = u64::MAX >> 1;
        self.order(id, Job::Stamped(seed().into()));
    }

    /// A stamped operation of no history has ended.
    fn stamped_ended(&mut self, operation: &Operation, ended: &Ended<'_>) {
        let Ended { begin, outcome, response, .. } = *ended;
        match operation {
            Operation::Draw(_) => {
                let end = self.time;
                self.draws.note(begin, end, outcome, response);
                if response.and_then(drawn).is_some() {
                    self.counts.add("draw answered");
                }
            }
            _ => {
                let done = response.and_then(|response| response.result.as_ref());
                self.draws.seeded |= matches!(done, Some(Outcome::GeneratorSet(_)));
            }
        }
    }
}
