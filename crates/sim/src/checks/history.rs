//! The clients' history: what they were told must be what one machine would have told them.

use crate::checks::check::Check;
use crate::checks::violation::{Property, Violation};
use crate::world::World;

/// All that clients asked for and were told.
pub(crate) struct HistoryCheck;

impl Check for HistoryCheck {
    fn judge(&self, world: &mut World) {
        judge(world);
    }
}

fn judge(world: &mut World) {
    if world.violation.is_some() || world.forked.is_some() || world.ahead.is_there() {
        return;
    }
    // What holders write, what goes with their leases, what comes and goes by ranges, and what an operator tries is
    // in no history.
    let others = world.holders.are_there() || world.ranges.are_there() || world.bounds.are_there();
    let verdict = match others {
        true => understudy_history::check_among_others(&world.history),
        false => understudy_history::check(&world.history),
    };
    let Some(first) = verdict.violations.first() else { return };
    let property = match first.property {
        understudy_history::Property::Linearizable | understudy_history::Property::Revisions => {
            Property::Linearizable
        }
        understudy_history::Property::OldRevisions => Property::OldReadsHold,
        understudy_history::Property::NothingLost => Property::NothingLost,
        understudy_history::Property::ExactlyOnce => Property::ExactlyOnce,
        understudy_history::Property::FailedMeansNotExecuted => Property::FailedMeansNotExecuted,
        understudy_history::Property::Undecided => Property::Undecided,
    };
    let explanation = first.explanation.clone();
    world.fail_on(Err(Violation { property, explanation }));
}
