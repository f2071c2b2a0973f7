//! The register answers nobody.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// The register answers nobody.
pub(crate) struct RegisterDown;

impl Fault for RegisterDown {
    fn name(&self) -> &'static str {
        "register down"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, _host: HostId) {
        world.say(|| "register: down".into());
        world.register.down = true;
        world.counts.add("register outage");
        faults.later(world, (50, 4000), |_, world| up(world));
    }

    fn heal(&self, _faults: &mut Faults, world: &mut World) {
        up(world);
    }
}

fn up(world: &mut World) {
    world.say(|| "register: up".into());
    world.register.down = false;
}
