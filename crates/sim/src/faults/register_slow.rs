//! The register's answers take long.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::clock::MILLISECOND;
use crate::world::id::HostId;

/// The register's answers take long.
pub(crate) struct RegisterSlow;

impl Fault for RegisterSlow {
    fn name(&self) -> &'static str {
        "register slow"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, _host: HostId) {
        world.counts.add("register slow");
        world.register.delay = (100 * MILLISECOND, 1500 * MILLISECOND);
        faults.later(world, (100, 3000), |_, world| fast(world));
    }

    fn heal(&self, _faults: &mut Faults, world: &mut World) {
        fast(world);
    }
}

fn fast(world: &mut World) {
    world.register.delay = world.options.register_delay;
}
