//! The primary loses the others and the register, and not its clients, until another one has stepped in.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// The primary loses the others and the register, and not its clients, until another one has stepped in.
pub(crate) struct Depose;

impl Fault for Depose {
    fn name(&self) -> &'static str {
        "depose"
    }

    fn inject(&self, _faults: &mut Faults, world: &mut World, _host: HostId) {
        let primary = (0..world.hosts.len()).find(|&host| world.serves(host).is_some());
        if let Some(primary) = primary {
            world.counts.add("primary cut off from the others");
            world.depose(primary);
        }
    }
}
