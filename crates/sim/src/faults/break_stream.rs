//! A stream breaks, at both ends or at one.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// A stream breaks, at both ends or at one.
pub(crate) struct BreakStream;

impl Fault for BreakStream {
    fn name(&self) -> &'static str {
        "break stream"
    }

    fn inject(&self, _faults: &mut Faults, world: &mut World, _host: HostId) {
        let streams: Vec<u64> = world.net.streams.keys().copied().collect();
        if !streams.is_empty() {
            let stream = streams[world.rng.usize(0..streams.len())];
            match world.rng.bool() {
                true => world.break_stream(stream),
                false => world.sever(stream),
            }
        }
    }
}
