//! SIGTERM.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// SIGTERM.
pub(crate) struct Leave;

impl Fault for Leave {
    fn name(&self) -> &'static str {
        "leave"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId) {
        world.leave(host);
        faults.start_later(world, (300, 3000), host);
    }
}
