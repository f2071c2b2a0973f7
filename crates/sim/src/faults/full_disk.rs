//! A disk has no room.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// A disk has no room.
pub(crate) struct FullDisk;

impl Fault for FullDisk {
    fn name(&self) -> &'static str {
        "full disk"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId) {
        let disk = &world.hosts[host].disk;
        // Somebody else takes all of it at once, or some room is left.
        let free = if world.rng.bool() { 0 } else { world.rng.u64(0..20_000) };
        disk.set_copy_on_write(world.rng.bool());
        disk.set_capacity(Some(disk.used() + free));
        // On half of them somebody else takes what is given up.
        disk.set_shared(free.is_multiple_of(2));
        faults.later(world, (100, 3000), move |_, world| FullDisk.heal_host(world, host));
    }

    fn heal_host(&self, world: &mut World, host: HostId) {
        world.hosts[host].disk.set_capacity(None);
    }
}
