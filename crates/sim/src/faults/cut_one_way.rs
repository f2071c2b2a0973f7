//! Nothing gets through in one direction between two nodes.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;
use crate::world::net::{CLIENTS, REGISTER};

/// Nothing gets through in one direction between two nodes.
pub(crate) struct CutOneWay;

impl Fault for CutOneWay {
    fn name(&self) -> &'static str {
        "cut one way"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId) {
        let mut nodes: Vec<usize> = (0..world.hosts.len()).collect();
        nodes.extend((0..world.clients.len()).map(|client| CLIENTS + client));
        nodes.push(REGISTER);
        let other = nodes[world.rng.usize(0..nodes.len())];
        let (from, to) = if world.rng.bool() { (host, other) } else { (other, host) };
        if from != to {
            world.counts.add("one-way partition");
            world.cut_link(from, to);
            faults.later(world, (50, 3000), move |_, world| world.heal_link(from, to));
        }
    }
}
