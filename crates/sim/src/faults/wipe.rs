//! The data directory and its process are gone.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// The data directory and its process are gone.
pub(crate) struct Wipe;

impl Fault for Wipe {
    fn name(&self) -> &'static str {
        "wipe"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId) {
        wipe(faults, world, host);
    }

    fn loses_a_disk(&self) -> bool {
        true
    }
}

/// A copy may go only while another named one exists that nobody takes away.
pub(crate) fn wipe(faults: &mut Faults, world: &mut World, host: HostId) {
    if world.is_spared(host) {
        world.wipe(host);
        // Perhaps a new process has its place before anybody has noticed.
        let longest = if world.rng.bool() { 20 } else { 1500 };
        faults.start_later(world, (1, longest), host);
    }
}
