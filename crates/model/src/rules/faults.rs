//! What goes wrong: crashes, wiped disks, and a register that is not one.

use super::Rules;
use crate::names::Copied;
use crate::register::Record;
use crate::state::{Replica, State};
use crate::wrong::Wrong;

/// Whether `slot` may lose its disk: only while the register names another copy that exists. (With
/// the last copy gone, the data is gone under any rules.)
pub fn may_wipe(state: &State, slot: usize) -> bool {
    let others = state.register.now().members.without(state.replicas[slot].copy);
    others.iter().any(|copy| state.replicas[copy.slot()].copy == copy)
}

/// The disk is gone, the process restarts on an empty one, as another incarnation (rule 11).
pub fn wipe(rules: &Rules, state: &mut State, slot: usize) {
    state.begin_life(slot);
    let copy = state.replicas[slot].copy;
    let (copy, life) = if rules.has(Wrong::KeepIncarnation) {
        (copy, state.replicas[slot].life)
    } else {
        (Copied::new(slot, copy.generation() + 1), 0)
    };
    state.replicas[slot] = Replica { copy, life, ..Replica::default() };
}

/// A request reaches the register and finds the version that it is based on.
pub fn land(rules: &Rules, state: &mut State, request: Record) {
    let old = state.register.epoch;
    state.register.set(request);
    state.ghost.went_back |= request.epoch < old;
    if !keeps_dead_requests(rules) {
        // Whatever else was based on the old version, a copy of this request included, is dead.
        state.register.retain(|other| other.base() == request.epoch);
    }
}

/// The register says again what it said before its newest record.
pub fn forget(state: &mut State) {
    state.register.epoch -= 1;
    state.ghost.went_back = true;
}

/// Whether a request could land that is not based on what the register says now.
pub fn keeps_dead_requests(rules: &Rules) -> bool {
    rules.has(Wrong::WriteUnconditionally) || rules.has(Wrong::ForgetHighest)
}
