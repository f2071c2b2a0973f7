//! A register, or a disk, that goes back while nobody runs, and what proves it when two copies meet: both stop,
//! and nothing is cut (rules 7, 9 and 12).

use super::Rules;
use crate::log::Log;
use crate::register::Record;
use crate::state::{Replica, State};
use crate::wrong::Wrong;

/// The epochs to which the register may go back.
pub fn earlier(rules: &Rules, state: &State) -> std::ops::Range<u8> {
    let left = state.spent.rewinds < rules.bounds.rewinds;
    if left { 1..state.register.epoch } else { 0..0 }
}

/// Whether the disk of a founder may go back to the birth of the cluster: the other copies know what is
/// committed, as they do a second after the last write.
pub fn may_rewind(rules: &Rules, state: &State, slot: usize) -> bool {
    let known = state.ghost.committed.last();
    let others =
        state.replicas.iter().enumerate().take(rules.bounds.replicas).filter(|(other, replica)| {
            *other != slot && state.register.now().members.has(replica.copy)
        });
    slot < rules.bounds.named
        && state.spent.rewinds < rules.bounds.rewinds
        && state.replicas[slot].durable > 1
        && others.clone().count() > 0
        && others.clone().all(|(_, replica)| replica.commit == known)
}

/// All go down, and the register says again what it said in `epoch`. What is committed was not on disk yet.
pub fn rewind_register(rules: &Rules, state: &mut State, epoch: u8) {
    stop_all(rules, state);
    state.register.epoch = epoch;
}

/// All go down, and that disk is what it was when the cluster was born. The others had the time to note what is
/// committed.
pub fn rewind_disk(rules: &Rules, state: &mut State, slot: usize) {
    for replica in &mut state.replicas {
        replica.noted = if rules.has(Wrong::CommitForgotten) { 0 } else { replica.commit };
    }
    stop_all(rules, state);
    let old = state.replicas[slot];
    let born = State::born(&rules.bounds).replicas[slot];
    state.replicas[slot] = Replica { life: old.life, ..Replica::on_disk(&born) };
}

fn stop_all(rules: &Rules, state: &mut State) {
    for slot in 0..rules.bounds.replicas {
        state.begin_life(slot);
    }
    state.streams = Default::default();
    state.register.retain(|_| false);
    state.ghost.acknowledged = std::mem::take(&mut state.ghost.committed);
    state.spent.rewinds += 1;
}

/// Remembers which record of an epoch was followed, won, or is about to be replaced.
pub fn note(rules: &Rules, state: &mut State, slot: usize, record: Record) {
    let known = &mut state.replicas[slot].known;
    if rules.bounds.rewinds > 0 && !known.iter().any(|epochs| epochs & 1 << record.epoch != 0) {
        known[usize::from(record.era)] |= 1 << record.epoch;
    }
}

/// Whether another record of that epoch than this one is remembered.
pub fn knows_another(rules: &Rules, state: &State, slot: usize, record: Record) -> bool {
    let other = state.replicas[slot].known[1 - usize::from(record.era)];
    other & 1 << record.epoch != 0 && !rules.has(Wrong::NonceForgotten)
}

/// What a follower's hello proves: two records of its epoch, or a committed entry that the primary lacks.
pub fn contradict(rules: &Rules, state: &State, follower: usize, primary: usize) -> bool {
    let (from, to) = (&state.replicas[follower], &state.replicas[primary]);
    let epoch = from.epoch;
    let records = (0..=1).any(|era| {
        from.known[usize::from(era)] & 1 << epoch != 0
            && knows_another(rules, state, primary, Record { epoch, era, ..Record::default() })
    });
    let lacks = from.commit > 0 && to.log.epoch_at(from.commit) != from.log.epoch_at(from.commit);
    rules.bounds.rewinds > 0 && (records || lacks)
}

/// Whether the logs part where both have an entry of one epoch, or before what the follower knows to be committed.
pub fn misfit(rules: &Rules, replica: &Replica, log: &Log) -> bool {
    let next = replica.log.common(log) + 1;
    let parted = log.last() >= next && replica.log.last() >= next;
    let twice = parted && log.epoch_at(next) == replica.log.epoch_at(next);
    rules.bounds.rewinds > 0 && (twice || next <= replica.commit && log.last() >= next)
}

/// Both stop permanently.
pub fn stop_both(rules: &Rules, state: &mut State, one: usize, other: usize) -> bool {
    if rules.has(Wrong::ContradictionGoesOn) {
        return false;
    }
    stop(state, one);
    stop(state, other);
    true
}

/// Stops permanently: an operator must choose.
pub fn stop(state: &mut State, slot: usize) {
    state.begin_life(slot);
    state.replicas[slot].halted = true;
}

/// A follower is about to cut what lies after `common`. Where nothing went back a copy that is not named may cut
/// what is committed elsewhere, and gets it again.
pub fn note_cut(state: &mut State, slot: usize, common: u8) {
    let log = &state.replicas[slot].log;
    let acknowledged = [&state.ghost.acknowledged, &state.ghost.committed];
    let lost = acknowledged.into_iter().any(|held| log.common(held) > common);
    state.ghost.cut |= lost && state.spent.rewinds > 0;
}
