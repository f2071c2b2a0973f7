//! The next sync fails: the life ends.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// The next sync fails: the life ends.
pub(crate) struct FailedSync;

impl Fault for FailedSync {
    fn name(&self) -> &'static str {
        "failed sync"
    }

    fn inject(&self, _faults: &mut Faults, world: &mut World, host: HostId) {
        world.hosts[host].disk.fail_sync_after(world.rng.u64(0..4));
    }
}
