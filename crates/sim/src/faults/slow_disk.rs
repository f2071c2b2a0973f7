//! A disk's syncs take long.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::clock::SECOND;
use crate::world::host::SLOW;
use crate::world::id::HostId;

/// A disk's syncs take long.
pub(crate) struct SlowDisk;

impl Fault for SlowDisk {
    fn name(&self) -> &'static str {
        "slow disk"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId) {
        let delay = (SLOW, SECOND);
        world.hosts[host].sync_delay = delay;
        world.hosts[host].state_delay = delay;
        faults.later(world, (100, 3000), move |_, world| SlowDisk.heal_host(world, host));
    }

    fn heal_host(&self, world: &mut World, host: HostId) {
        world.hosts[host].sync_delay = world.options.sync_delay;
        world.hosts[host].state_delay = world.options.state_delay;
    }
}
