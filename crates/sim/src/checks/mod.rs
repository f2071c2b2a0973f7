//! What judges a run: each check knows what must hold, and most bring clients of their own that try it.

pub(crate) mod absence;
pub(crate) mod ahead;
pub(crate) mod bounds;
pub(crate) mod deferred;
pub(crate) mod draws;
pub(crate) mod full_disks;
pub(crate) mod gone_back;
pub(crate) mod history;
pub(crate) mod holders;
pub(crate) mod ledger;
pub(crate) mod log;
pub(crate) mod old_reads;
pub(crate) mod past;
pub(crate) mod progress;
pub(crate) mod ranges;
pub(crate) mod receipts;
pub(crate) mod shadow;
pub(crate) mod shares;
pub(crate) mod violation;
pub(crate) mod watch;
pub(crate) mod watchers;
pub(crate) mod whole;

use understudy_history::Outcome;
use understudy_machine::Response;
use understudy_protocol::Entry;

use crate::clients::Job;
use crate::faults::mix::Mix;
use crate::world::World;
use crate::world::happening::{HostId, Run};

/// A check: what it does at each moment of a run. What it knows is a field of the world.
pub(crate) trait Check: Sync {
    /// Before chaos: clients of its own, settings, faults that it does not bear.
    fn prepare(&self, _world: &mut World, _mix: &mut Mix) {}

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

/// All checks. At each moment they have their turns in this order, which decides who draws first.
const CHECKS: [&dyn Check; 15] = [
    &log::LedgerCheck,
    &gone_back::ForkCheck,
    &log::PastCheck,
    &watch::MembersCheck,
    &watchers::WatchersCheck,
    &receipts::ReceiptsCheck,
    &deferred::DeferredCheck,
    &draws::DrawsCheck,
    &holders::HoldersCheck,
    &ranges::RangesCheck,
    &bounds::BoundsCheck,
    &shares::SharesCheck,
    &ahead::AheadCheck,
    &full_disks::FullDisksCheck,
    &history::HistoryCheck,
];

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

impl World {
    pub(crate) fn prepare_checks(&mut self, mix: &mut Mix) {
        CHECKS.iter().for_each(|check| check.prepare(self, mix));
    }

    pub(crate) fn check_executed(&mut self, done: &Done<'_>) {
        CHECKS.iter().for_each(|check| check.executed(self, done));
    }

    /// Gives the pause before the client's next operation if it is a check's own.
    pub(crate) fn check_ended(&mut self, ended: &Ended<'_>) -> Option<u64> {
        let pauses = CHECKS.iter().filter_map(|check| check.ended(self, ended));
        // Every check hears of it.
        pauses.fold(None, |found, pause| found.or(Some(pause)))
    }

    pub(crate) fn check_event(&mut self) {
        CHECKS.iter().for_each(|check| check.after_event(self));
    }

    pub(crate) fn rest_checks(&mut self) {
        CHECKS.iter().for_each(|check| check.rest(self));
    }

    pub(crate) fn judge_whole(&mut self) {
        CHECKS.iter().for_each(|check| check.judge_whole(self));
    }

    pub(crate) fn try_whole(&mut self) {
        for check in CHECKS {
            if self.violation.is_none() {
                check.try_whole(self);
            }
        }
    }

    pub(crate) fn judge(&mut self) {
        CHECKS.iter().for_each(|check| check.judge(self));
    }
}
