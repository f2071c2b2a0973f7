//! What can go wrong: each fault is a file, and a line in [`FAULTS`].

pub(crate) mod break_stream;
pub(crate) mod clock_drift;
pub(crate) mod clock_jump;
pub(crate) mod cut_one_way;
pub(crate) mod depose;
pub(crate) mod evict;
pub(crate) mod failed_sync;
pub(crate) mod fault;
pub(crate) mod full_disk;
pub(crate) mod hand_over;
pub(crate) mod isolate;
pub(crate) mod kill;
pub(crate) mod kill_all;
pub(crate) mod kill_within_step;
pub(crate) mod kill_within_write;
pub(crate) mod leave;
pub(crate) mod mix;
pub(crate) mod narrow_line;
pub(crate) mod options;
pub(crate) mod pause;
pub(crate) mod power_loss;
pub(crate) mod register_down;
pub(crate) mod register_edit;
pub(crate) mod register_slow;
pub(crate) mod rehearse;
pub(crate) mod rot;
pub(crate) mod slow_disk;
pub(crate) mod tamper;
pub(crate) mod tampering;
pub(crate) mod targeted;
pub(crate) mod theme;
pub(crate) mod upgrade;
pub(crate) mod wipe;

use crate::faults::fault::{Fault, Faults};
use crate::world::World;

/// All of them, in the order in which a seed draws which it has.
pub(crate) static FAULTS: [&dyn Fault; 25] = [
    &kill::Kill,
    &kill_within_step::KillWithinStep,
    &kill_all::KillAll,
    &power_loss::PowerLoss,
    &pause::Pause,
    &wipe::Wipe,
    &rot::Rot,
    &evict::Evict,
    &upgrade::Upgrade,
    &leave::Leave,
    &hand_over::HandOver,
    &cut_one_way::CutOneWay,
    &isolate::Isolate,
    &depose::Depose,
    &break_stream::BreakStream,
    &register_down::RegisterDown,
    &register_slow::RegisterSlow,
    &register_edit::RegisterEdit,
    &clock_jump::ClockJump,
    &clock_drift::ClockDrift,
    &slow_disk::SlowDisk,
    &narrow_line::NarrowLine,
    &full_disk::FullDisk,
    &failed_sync::FailedSync,
    &kill_within_write::KillWithinWrite,
];

/// Ends all faults for good.
pub(crate) fn heal_all(faults: &mut Faults, world: &mut World) {
    for fault in FAULTS.iter().rev() {
        fault.heal(faults, world);
    }
    for host in 0..world.hosts.len() {
        FAULTS.iter().for_each(|fault| fault.heal_host(world, host));
        FAULTS.iter().for_each(|fault| fault.revive(world, host));
    }
}
