//! A replica loses all others, the register perhaps too.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;
use crate::world::net::REGISTER;

/// A replica loses all others, the register perhaps too.
pub(crate) struct Isolate;

impl Fault for Isolate {
    fn name(&self) -> &'static str {
        "isolate"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId) {
        let with_register = world.rng.bool();
        let others: Vec<usize> = (0..world.hosts.len())
            .filter(|&other| other != host)
            .chain(with_register.then_some(REGISTER))
            .collect();
        world.counts.add("isolation");
        for other in others {
            world.cut_link(host, other);
            world.cut_link(other, host);
            faults.later(world, (50, 3000), move |_, world| world.heal_link(host, other));
            faults.later(world, (50, 3000), move |_, world| world.heal_link(other, host));
        }
    }

    /// All links, whatever fault cut them.
    fn heal(&self, _faults: &mut Faults, world: &mut World) {
        world.heal();
    }
}
