//! A follower: whom it follows, what it takes in, what it acknowledges (rules 5 and 9).

use super::{Rules, ahead, gone_back};
use crate::names::SLOTS;
use crate::register::Record;
use crate::state::{Peer, State};
use crate::stream::{Ack, Stream};
use crate::wrong::Wrong;

/// Whether `follower` could be welcome at `primary`: it takes it for the primary, has no stream, and
/// neither knows of a newer epoch than the primary's.
pub fn may_dial(rules: &Rules, state: &State, follower: usize, primary: usize) -> bool {
    let (from, to) = (&state.replicas[follower], &state.replicas[primary]);
    follower != primary
        && from.acting == 0
        && from.record.is_some()
        && from.record.primary == to.copy
        && to.acting > 0
        && (0..SLOTS).all(|other| !state.streams[follower][other].follower_open)
        && (from.epoch <= to.record.epoch || rules.has(Wrong::FollowOlderEpoch))
}

/// Hello and welcome, in one step. What was on the way of an older stream is gone.
pub fn dial(rules: &Rules, state: &mut State, follower: usize, primary: usize) {
    if gone_back::contradict(rules, state, follower, primary)
        && gone_back::stop_both(rules, state, follower, primary)
    {
        return;
    }
    let from = state.replicas[follower].copy;
    let epoch = state.replicas[primary].record.epoch;
    take_epoch(rules, state, follower, epoch);
    state.streams[follower][primary] =
        Stream { follower_open: true, primary_open: true, ..Stream::default() };
    let peer = &mut state.replicas[primary].peers[follower];
    // What is durable stays durable, but only of the same copy.
    let acked = if peer.copy == from { peer.acked } else { 0 };
    *peer = Peer { copy: from, acked, confirmed: 0 };
}

/// On disk before anything is acknowledged.
fn take_epoch(rules: &Rules, state: &mut State, follower: usize, epoch: u8) {
    let replica = &mut state.replicas[follower];
    if epoch > replica.epoch || rules.has(Wrong::FollowOlderEpoch) {
        replica.epoch = epoch;
        replica.epoch_on_disk = epoch;
    }
    note_followed(rules, state, follower);
}

/// The record of the newest epoch that was followed is remembered, if it was read.
fn note_followed(rules: &Rules, state: &mut State, slot: usize) {
    let replica = &state.replicas[slot];
    if replica.record.epoch == replica.epoch {
        gone_back::note(rules, state, slot, replica.record);
    }
}

/// Follows what it has read, if that is not older than anything known (rule 12).
pub fn adopt(rules: &Rules, state: &mut State, slot: usize, record: Record) -> bool {
    let replica = &state.replicas[slot];
    let known = replica.epoch.max(replica.record.epoch);
    if record.epoch < known && !rules.has(Wrong::FollowOlderEpoch) {
        return false;
    }
    if record.primary != replica.record.primary || !replica.record.is_some() {
        state.hang_up(slot);
    }
    // Whether it is named, and the floor, are looked up when it tries to become primary.
    let Record { epoch, primary, era, .. } = record;
    state.replicas[slot].record = Record { epoch, primary, era, ..Record::default() };
    note_followed(rules, state, slot);
    true
}

/// Takes in what the primary sent, and acknowledges.
pub fn on_append(rules: &Rules, state: &mut State, follower: usize, primary: usize) {
    let Some(append) = state.streams[follower][primary].append.take() else { return };
    if state.replicas[follower].acting > 0 {
        // Reached only where a primary goes on listening to the one it followed.
        state.streams[follower][primary].round = append.round;
        acknowledge(rules, state, follower, primary, append.epoch);
        return;
    }
    if append.epoch < state.replicas[follower].epoch && !rules.has(Wrong::FollowOlderEpoch) {
        state.hang_up(follower);
        return;
    }
    take_epoch(rules, state, follower, append.epoch);
    if gone_back::misfit(rules, &state.replicas[follower], &append.log)
        && gone_back::stop_both(rules, state, follower, primary)
    {
        return;
    }
    let replica = &mut state.replicas[follower];
    let common = replica.log.common(&append.log);
    if common < append.log.last() {
        if common < replica.commit && !rules.has(Wrong::ContradictionGoesOn) {
            // It contradicts what is committed here: the replica halts.
            state.ghost.disagreed = true;
            return;
        }
        gone_back::note_cut(state, follower, common);
        let replica = &mut state.replicas[follower];
        replica.log = append.log;
        replica.durable = append.log.last();
    }
    let stream = &mut state.streams[follower][primary];
    stream.verified = stream.verified.max(append.log.last());
    stream.round = stream.round.max(append.round);
    ahead::hear(rules, state, follower, primary, append.epoch, append.round);
    let stream = &state.streams[follower][primary];
    let committed = append.commit.min(stream.verified);
    state.commit(follower, committed);
    let epoch = state.replicas[follower].epoch;
    acknowledge(rules, state, follower, primary, epoch);
}

fn acknowledge(rules: &Rules, state: &mut State, follower: usize, primary: usize, epoch: u8) {
    let last = state.replicas[follower].durable;
    let peer = state.replicas[primary].peers[follower];
    let stream = &mut state.streams[follower][primary];
    let durable =
        if rules.has(Wrong::AcknowledgeUnverified) { last } else { stream.verified.min(last) };
    let ack = Ack { epoch, durable, round: stream.round };
    if stream.primary_open && (ack.durable > peer.acked || ack.round > peer.confirmed) {
        stream.ack = Some(ack);
    }
    state.tidy(follower, primary);
}
