//! A pod is evicted: SIGTERM, a while of grace, SIGKILL; its disk goes with it or stays.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// A pod is evicted: SIGTERM, a while of grace, SIGKILL; its disk goes with it or stays.
pub(crate) struct Evict;

impl Fault for Evict {
    fn name(&self) -> &'static str {
        "evict"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId) {
        world.leave(host);
        let wiped = world.rng.bool();
        faults.later(world, (200, 3000), move |faults, world| {
            grace_is_over(faults, world, host, wiped);
        });
    }

    fn loses_a_disk(&self) -> bool {
        true
    }
}

fn grace_is_over(faults: &mut Faults, world: &mut World, host: HostId, wiped: bool) {
    if wiped && world.is_spared(host) {
        world.counts.add("pod evicted with its disk");
        world.wipe(host);
    } else {
        world.counts.add("pod evicted, its disk stays");
        world.kill(host);
    }
    faults.start_later(world, (1, 2000), host);
}
