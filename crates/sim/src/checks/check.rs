//! What a check is.

use understudy_history::Outcome;
use understudy_machine::Response;
use understudy_protocol::Entry;

use crate::clients::Job;
use crate::faults::fault::FaultKinds;
use crate::world::World;
use crate::world::id::{HostId, Run};

/// A check: what it does at each moment of a run. What it knows is a field of the world.
pub(crate) trait Check: Sync {
    /// Before chaos: clients of its own, settings, faults that it does not bear.
    fn prepare(&self, _world: &mut World, _faults: &mut FaultKinds) {}

    /// An entry was executed on a machine.
    fn executed(&self, _world: &mut World, _done: &Done<'_>) {}

    /// What a client asked for has ended. Gives the pause before its next operation if the client is this check's own.
    fn ended(&self, _world: &mut World, _ended: &Ended<'_>) -> Option<u64> {
        None
    }

    /// After every event.
    fn after_event(&self, _world: &mut World) {}

    /// Faults end: nothing more is begun.
    fn rest(&self, _world: &mut World) {}

    /// The cluster is whole again.
    fn judge_whole(&self, _world: &mut World) {}

    /// A whole cluster has answered a fresh client: what else it must be able to do.
    fn try_whole(&self, _world: &mut World) {}

    /// The run is over.
    fn judge(&self, _world: &mut World) {}
}

/// An entry that was executed on a machine.
pub(crate) struct Done<'a> {
    pub host: HostId,
    pub name: &'a str,
    pub run: Run,
    pub entry: &'a Entry,
    pub response: &'a Response,
    /// The machine's after it.
    pub digest: u64,
    pub committed: bool,
}

/// What a client asked for, and how it ended.
pub(crate) struct Ended<'a> {
    pub client: u64,
    pub job: &'a Job,
    pub begin: u64,
    pub outcome: &'a Outcome,
    /// What the machine said, if it was asked and the client heard of it.
    pub response: Option<&'a Response>,
}
