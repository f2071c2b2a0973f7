//! An order to hand over.

use crate::clients::Job;
use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// An order to hand over.
pub(crate) struct HandOver;

impl Fault for HandOver {
    fn name(&self) -> &'static str {
        "hand over"
    }

    fn inject(&self, _faults: &mut Faults, world: &mut World, _host: HostId) {
        let client = world.rng.u64(0..world.clients.len() as u64);
        world.order(client, Job::HandOver);
    }
}
