//! What judges a run: each check knows what must hold, and most bring clients of their own that try it.

pub(crate) mod absence;
pub(crate) mod ahead;
pub(crate) mod bounds;
pub(crate) mod check;
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

use crate::checks::check::{Check, Done, Ended};
use crate::faults::fault::FaultKinds;
use crate::world::World;

/// All checks. At each moment they have their turns in this order, which decides who draws first.
const CHECKS: [&dyn Check; 15] = [
    &log::LedgerCheck,
    &gone_back::check::ForkCheck,
    &log::PastCheck,
    &watch::MembersCheck,
    &watchers::check::WatchersCheck,
    &receipts::check::ReceiptsCheck,
    &deferred::check::DeferredCheck,
    &draws::check::DrawsCheck,
    &holders::check::HoldersCheck,
    &ranges::check::RangesCheck,
    &bounds::check::BoundsCheck,
    &shares::check::SharesCheck,
    &ahead::check::AheadCheck,
    &full_disks::FullDisksCheck,
    &history::HistoryCheck,
];

impl World {
    pub(crate) fn prepare_checks(&mut self, faults: &mut FaultKinds) {
        CHECKS.iter().for_each(|check| check.prepare(self, faults));
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
