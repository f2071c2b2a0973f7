//! A wall clock is set.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::clock::MILLISECOND;
use crate::world::id::HostId;

/// A wall clock is set.
pub(crate) struct ClockJump;

impl Fault for ClockJump {
    fn name(&self) -> &'static str {
        "clock jump"
    }

    fn inject(&self, _faults: &mut Faults, world: &mut World, host: HostId) {
        let jump = world.rng.i64(-3_600_000..3_600_000) * MILLISECOND.cast_signed();
        let old = std::mem::replace(&mut world.hosts[host].clock.jump, jump);
        if world.hosts[host].process.is_some() {
            let back = jump < old;
            world.counts.add(if back { "wall clock set back" } else { "wall clock set forward" });
        }
    }
}
