//! Loss of power: what was not synced is gone, and no connection is reset.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// Loss of power: what was not synced is gone, and no connection is reset.
pub(crate) struct PowerLoss;

impl Fault for PowerLoss {
    fn name(&self) -> &'static str {
        "power loss"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId) {
        world.power_off(host);
        faults.later(world, (10, 2000), move |_, world| {
            world.power_on(host);
            world.start(host);
        });
    }

    fn heal_host(&self, world: &mut World, host: HostId) {
        world.power_on(host);
    }

    fn revive(&self, world: &mut World, host: HostId) {
        world.start(host);
    }
}
