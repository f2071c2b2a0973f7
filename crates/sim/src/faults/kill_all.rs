//! kill -9 of all processes at once.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// kill -9 of all processes at once.
pub(crate) struct KillAll;

impl Fault for KillAll {
    fn name(&self) -> &'static str {
        "kill all"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, _host: HostId) {
        world.kill_all();
        for host in 0..world.hosts.len() {
            faults.start_later(world, (1, 1000), host);
        }
    }
}
