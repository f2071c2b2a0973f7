//! kill -9 in the middle of a step, between two effects.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// kill -9 in the middle of a step, between two effects.
pub(crate) struct KillWithinStep;

impl Fault for KillWithinStep {
    fn name(&self) -> &'static str {
        "kill within step"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId) {
        world.armed = Some((host, world.rng.u32(0..12)));
        // It may die at any time until then, and is started in any case.
        faults.start_later(world, (200, 1500), host);
    }
}
