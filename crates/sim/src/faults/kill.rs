//! kill -9 of one process.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// kill -9 of one process.
pub(crate) struct Kill;

impl Fault for Kill {
    fn name(&self) -> &'static str {
        "kill"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId) {
        world.kill(host);
        faults.start_later(world, (1, 1500), host);
    }

    fn revive(&self, world: &mut World, host: HostId) {
        world.start(host);
    }
}
