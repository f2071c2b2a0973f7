//! A byte of the data directory flips: in a replica that is down, or in one that runs and is verified some day.

use crate::faults::fault::{Fault, Faults};
use crate::faults::wipe::wipe;
use crate::world::World;
use crate::world::id::HostId;

/// A byte of the data directory flips: in a replica that is down, or in one that runs and is verified some day.
pub(crate) struct Rot;

impl Fault for Rot {
    fn name(&self) -> &'static str {
        "rot"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId) {
        if world.rng.bool() {
            world.kill(host);
            faults.start_later(world, (1, 1000), host);
        }
        world.rot(host);
        faults.later(world, (100, 4000), move |_, world| world.verify(host));
        // A blank one wants everything, and so somebody reads what has rotted.
        let other = world.rng.usize(0..world.hosts.len());
        if other != host && world.hosts[host].rot.is_some() {
            wipe(faults, world, other);
        }
    }

    fn revive(&self, world: &mut World, host: HostId) {
        world.verify(host);
    }

    fn loses_a_disk(&self) -> bool {
        true
    }
}
