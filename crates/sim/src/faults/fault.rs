//! What a fault is, and what is to be done about those that have begun.

use std::collections::BTreeMap;
use std::fmt;

use crate::world::World;
use crate::world::clock::MILLISECOND;
use crate::world::id::HostId;

/// A fault.
pub(crate) trait Fault: Sync {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// Does it, to this host if it is one that befalls a host, and plans what ends it. What took effect is counted.
    fn inject(&self, faults: &mut Faults, world: &mut World, host: HostId);

    /// Ends what it did to the network, the register or the whole cluster.
    fn heal(&self, _faults: &mut Faults, _world: &mut World) {}

    /// Ends what it did to what surrounds a host's process.
    fn heal_host(&self, _world: &mut World, _host: HostId) {}

    /// Lets a host's process run, once all around it is healed.
    fn revive(&self, _world: &mut World, _host: HostId) {}

    /// Whether what a disk held may be lost.
    fn loses_a_disk(&self) -> bool {
        false
    }
}

/// Faults that may happen, the likely ones several times.
pub(crate) type FaultKinds = Vec<&'static dyn Fault>;

impl fmt::Debug for dyn Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What ends a fault, or goes on with one.
type Heal = Box<dyn FnOnce(&mut Faults, &mut World)>;

/// What is to be done about faults that have begun.
#[derive(Default)]
pub(crate) struct Faults {
    /// By time.
    planned: BTreeMap<u64, Vec<Heal>>,
    /// The version of the upgrade under way.
    pub(crate) upgrade: Option<u32>,
}

impl Faults {
    /// Plans what ends a fault, milliseconds from now: at least and at most.
    pub(crate) fn later(
        &mut self,
        world: &mut World,
        span: (u64, u64),
        heal: impl FnOnce(&mut Faults, &mut World) + 'static,
    ) {
        let time = world.time + world.span((span.0 * MILLISECOND, span.1 * MILLISECOND));
        self.planned.entry(time).or_default().push(Box::new(heal));
    }

    /// Plans to start a process.
    pub(crate) fn start_later(&mut self, world: &mut World, span: (u64, u64), host: HostId) {
        self.later(world, span, move |_, world| world.start(host));
    }

    /// Nothing of what was planned is done.
    pub(crate) fn forget(&mut self) {
        self.planned.clear();
    }

    /// Lets time pass, with what was planned.
    pub(crate) fn pass(&mut self, world: &mut World, until: u64) {
        while let Some((&time, _)) = self.planned.first_key_value()
            && time <= until
            && world.violation.is_none()
        {
            world.run_until(time);
            for heal in self.planned.remove(&time).unwrap_or_default() {
                heal(self, world);
            }
        }
        world.run_until(until);
    }
}
