//! The process dies in the middle of its next writes to the disk.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// The process dies in the middle of its next writes to the disk.
pub(crate) struct KillWithinWrite;

impl Fault for KillWithinWrite {
    fn name(&self) -> &'static str {
        "kill within write"
    }

    fn inject(&self, _faults: &mut Faults, world: &mut World, host: HostId) {
        // Every operation after it fails, so that the life ends there.
        world.hosts[host].disk.stop_after(world.rng.u64(0..30));
    }
}
