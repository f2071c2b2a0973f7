//! SIGSTOP for less than a time-out, or for longer.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// SIGSTOP for less than a time-out, or for longer.
pub(crate) struct Pause;

impl Fault for Pause {
    fn name(&self) -> &'static str {
        "pause"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId) {
        world.pause(host);
        let longest = if world.rng.bool() { 500 } else { 5000 };
        faults.later(world, (1, longest), move |_, world| world.resume(host));
    }

    fn revive(&self, world: &mut World, host: HostId) {
        world.resume(host);
    }
}
