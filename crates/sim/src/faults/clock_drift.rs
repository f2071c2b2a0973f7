//! A monotonic clock runs faster or slower from now on.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// A monotonic clock runs faster or slower from now on.
pub(crate) struct ClockDrift;

impl Fault for ClockDrift {
    fn name(&self) -> &'static str {
        "clock drift"
    }

    fn inject(&self, _faults: &mut Faults, world: &mut World, host: HostId) {
        let drift = world.rng.i64(-50_000..=50_000);
        world.hosts[host].clock.set_drift(world.time, drift);
        if world.hosts[host].process.is_some() {
            world.counts.add("monotonic clock that changes its pace");
        }
    }
}
