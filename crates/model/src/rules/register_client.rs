//! The register client: what an answer means (rule 1), and what is tried next (rules 3 to 6).

use super::{Rules, ahead, faults, follow, gone_back, lead};
use crate::action::Then;
use crate::names::{Copied, Members};
use crate::register::Record;
use crate::state::State;
use crate::wrong::Wrong;

/// What `slot` could do when it reads `seen`: always nothing, and each attempt that the rules allow.
pub fn options(rules: &Rules, state: &State, slot: usize, seen: Record, out: &mut Vec<Then>) {
    let replica = &state.replicas[slot];
    let attempt = replica.attempt;
    let undecided = attempt.is_some()
        && (seen.epoch < attempt.epoch || seen == attempt)
        && !(rules.has(Wrong::UnlandedForLost) && seen.epoch < attempt.epoch);
    out.push(Then::Nothing);
    if gone_back::knows_another(rules, state, slot, seen) {
        return;
    }
    let deposed = replica.acting > 0 && seen.epoch > replica.record.epoch && !undecided;
    if rules.bounds.hand_over && deposed && lead::has_nothing_pending(replica) {
        out.push(Then::StepDown);
    }
    let full = state.register.on_the_way().count() >= rules.bounds.requests;
    if undecided || full || seen.epoch >= rules.bounds.epochs {
        return;
    }
    if replica.acting > 0 {
        if seen != replica.record && !rules.has(Wrong::LoserGoesOn) {
            return;
        }
        let others = seen.members.without(replica.copy);
        let silent = |copy: &Copied| ahead::may_suspect(rules, state, slot, *copy);
        out.extend(others.iter().filter(silent).map(Then::Drop));
        out.extend(may_name(rules, state, slot).map(Then::Name));
        return;
    }
    if rules.has(Wrong::ActAfterRestart) && seen.primary == replica.copy {
        out.push(Then::Act);
    }
    let named = seen.members.has(replica.copy) || rules.has(Wrong::PromoteUnnamed);
    let floor = replica.durable >= seen.floor || rules.has(Wrong::SkipFloor);
    if named && floor && replica.log.has_room() {
        out.push(Then::Promote { keep: true });
        let gone = ahead::may_be_gone(rules, state, seen);
        if seen.primary != replica.copy && seen.members.has(seen.primary) && gone {
            out.push(Then::Promote { keep: false });
        }
    }
}

/// The learner that the register may name now.
fn may_name(rules: &Rules, state: &State, slot: usize) -> Option<Copied> {
    let replica = &state.replicas[slot];
    let join = replica.joining?;
    let peer = replica.peers[join.copy.slot()];
    let acked = if peer.copy == join.copy { peer.acked } else { 0 };
    (acked >= join.barrier || rules.has(Wrong::JoinWithoutCatchUp)).then_some(join.copy)
}

/// The register was read: the attempt under way is judged, then what `then` says is done.
pub fn on_read(rules: &Rules, state: &mut State, slot: usize, seen: Record, then: Then) {
    if gone_back::knows_another(rules, state, slot, seen) {
        gone_back::stop(state, slot);
        return;
    }
    let attempt = state.replicas[slot].attempt;
    if attempt.is_some() {
        if seen.epoch < attempt.epoch {
            // Not landed yet: it is sent again, and `Register::requests` has it still.
            if !rules.has(Wrong::UnlandedForLost) {
                return;
            }
            state.replicas[slot].attempt = Record::default();
        } else if seen == attempt {
            won(rules, state, slot);
            return;
        }
        state.replicas[slot].attempt = Record::default();
    }
    if state.replicas[slot].acting > 0 {
        let record = state.replicas[slot].record;
        if seen.epoch < record.epoch {
            return;
        }
        if then == Then::StepDown {
            lead::step_down(state, slot);
            follow::adopt(rules, state, slot, seen);
            return;
        }
        if seen != record && !rules.has(Wrong::LoserGoesOn) {
            state.begin_life(slot);
            return;
        }
    } else if !follow::adopt(rules, state, slot, seen) {
        return;
    }
    let me = state.replicas[slot].copy;
    let members = match then {
        Then::Nothing | Then::StepDown => {
            lead::advance(rules, state, slot);
            return;
        }
        Then::Act => {
            lead::act(rules, state, slot, seen);
            return;
        }
        Then::Promote { keep: true } => seen.members.with(me),
        Then::Promote { keep: false } => seen.members.without(seen.primary).with(me),
        Then::Drop(copy) => seen.members.without(copy),
        Then::Name(copy) => seen.members.with(copy),
    };
    attempt_write(rules, state, slot, seen, members);
}

fn attempt_write(rules: &Rules, state: &mut State, slot: usize, base: Record, members: Members) {
    // Before it is asked for: this life may not be told what became of it.
    if !rules.has(Wrong::BaseForgotten) {
        gone_back::note(rules, state, slot, base);
    }
    let replica = &state.replicas[slot];
    let epoch = base.epoch + 1;
    // A second attempt at one epoch exists in wrong models only; it has its own nonce there, too.
    let same =
        |r: &Record| r.epoch == epoch && r.primary == replica.copy && r.nonce.0 == replica.life;
    let number = state.register.on_the_way().filter(same).count() as u8;
    let record = Record {
        epoch,
        primary: replica.copy,
        members: members.with(replica.copy),
        floor: replica.commit.max(base.floor),
        nonce: (replica.life, number),
        era: state.spent.rewinds,
    };
    state.replicas[slot].attempt = record;
    if base.epoch == state.register.epoch || faults::keeps_dead_requests(rules) {
        state.register.send(record);
    }
    lead::advance(rules, state, slot);
}

/// The attempt is taken for won.
pub fn won(rules: &Rules, state: &mut State, slot: usize) {
    let replica = &mut state.replicas[slot];
    let record = std::mem::take(&mut replica.attempt);
    if replica.acting == 0 {
        // A newer epoch followed meanwhile: what was won is lost again.
        if record.epoch >= replica.epoch {
            lead::act(rules, state, slot, record);
        }
        return;
    }
    replica.record = record;
    replica.epoch = record.epoch;
    replica.epoch_on_disk = record.epoch;
    replica.joining = replica.joining.filter(|join| !record.members.has(join.copy));
    gone_back::note(rules, state, slot, record);
    lead::advance(rules, state, slot);
}

/// The attempt is taken for lost without looking.
pub fn lost(rules: &Rules, state: &mut State, slot: usize) {
    state.replicas[slot].attempt = Record::default();
    lead::advance(rules, state, slot);
}
