//! Little gets through to a host in a second.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// Little gets through to a host in a second.
pub(crate) struct NarrowLine;

impl Fault for NarrowLine {
    fn name(&self) -> &'static str {
        "narrow line"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId) {
        world.hosts[host].bandwidth = Some(world.rng.u64(10_000..200_000));
        world.counts.add("narrow line");
        faults.later(world, (100, 5000), move |_, world| world.widen(host));
    }

    fn heal_host(&self, world: &mut World, host: HostId) {
        world.widen(host);
    }
}
