//! Somebody edits the register's labels.

use crate::faults::fault::{Fault, Faults};
use crate::world::World;
use crate::world::id::HostId;

/// Somebody edits the register's labels.
pub(crate) struct RegisterEdit;

impl Fault for RegisterEdit {
    fn name(&self) -> &'static str {
        "register edit"
    }

    fn inject(&self, _faults: &mut Faults, world: &mut World, _host: HostId) {
        world.say(|| "register: a label is edited".into());
        world.register.edit();
        world.counts.add("foreign edit of the register");
    }
}
