//! An acting primary: what it commits, answers and sends (rules 2, 4, 8 and 10).

use super::{Rules, ahead, gone_back};
use crate::log::Entry;
use crate::names::{Members, SLOTS};
use crate::register::Record;
use crate::state::{Join, Peer, Read, Replica, State};
use crate::stream::Append;
use crate::wrong::Wrong;

/// A term begins: the epoch goes to disk, the opening entry to the log.
pub fn act(rules: &Rules, state: &mut State, slot: usize, record: Record) {
    if !rules.has(Wrong::AcknowledgeWhileActing) {
        state.hang_up(slot);
    }
    let replica = &mut state.replicas[slot];
    replica.attempt = Record::default();
    replica.record = record;
    replica.epoch = record.epoch;
    if !rules.has(Wrong::ActBeforeEpochOnDisk) {
        replica.epoch_on_disk = record.epoch;
    }
    replica.acting = record.epoch;
    replica.peers = [Peer::default(); SLOTS];
    for copy in record.members.iter() {
        replica.peers[copy.slot()] = Peer { copy, ..Peer::default() };
    }
    if !rules.has(Wrong::SkipOpening) {
        replica.log.push(Entry::new(record.epoch, 0).of(record.era));
    }
    replica.opening = replica.log.last();
    gone_back::note(rules, state, slot, record);
    advance(rules, state, slot);
}

/// Whether a deposed primary may follow in the same life: nobody waits, nothing is uncommitted.
pub fn has_nothing_pending(replica: &Replica) -> bool {
    replica.commit == replica.log.last() && replica.read.is_none() && replica.joining.is_none()
}

/// Its term ends, its life goes on.
pub fn step_down(state: &mut State, slot: usize) {
    let old = state.replicas[slot];
    state.replicas[slot] = Replica {
        copy: old.copy,
        life: old.life,
        log: old.log,
        durable: old.durable,
        epoch: old.epoch,
        epoch_on_disk: old.epoch_on_disk,
        commit: old.commit,
        noted: old.noted,
        known: old.known,
        ..Replica::default()
    };
    state.stop_listening(slot);
}

/// A client's write goes to the log.
pub fn write(rules: &Rules, state: &mut State, slot: usize) {
    state.spent.writes += 1;
    let record = state.replicas[slot].record;
    let entry = Entry::new(record.epoch, state.spent.writes).of(record.era);
    state.replicas[slot].log.push(entry);
    ahead::note_write(rules, state, slot);
    advance(rules, state, slot);
}

/// A client's read arrives.
pub fn read(rules: &Rules, state: &mut State, slot: usize) {
    state.spent.reads += 1;
    let replica = &mut state.replicas[slot];
    let old = rules.has(Wrong::ReadJoinsOldRound);
    let needs = if old { replica.round } else { replica.round + 1 };
    replica.read = Some(Read { needs, mark: state.ghost.told });
    advance(rules, state, slot);
}

/// Draws all consequences, as `Leading::advance` does after every event.
pub fn advance(rules: &Rules, state: &mut State, slot: usize) {
    if state.replicas[slot].acting == 0 {
        return;
    }
    advance_commit(rules, state, slot);
    ahead::answer(rules, state, slot);
    advance_reads(rules, state, slot);
}

/// Whose acknowledgement an entry needs (rule 2).
fn obliged(rules: &Rules, state: &State, slot: usize) -> Members {
    let replica = &state.replicas[slot];
    if rules.has(Wrong::CommitBeforeObligedHold) {
        return Members::default();
    }
    if rules.has(Wrong::ObligeAfterWrite) {
        return replica.record.members.without(replica.copy);
    }
    let drops = replica.attempt.is_some() && replica.attempt.members.within(replica.record.members);
    if rules.has(Wrong::ReleaseBeforeDropWon) && drops {
        return replica.attempt.members.without(replica.copy);
    }
    state.obliged(slot)
}

fn advance_commit(rules: &Rules, state: &mut State, slot: usize) {
    let replica = &state.replicas[slot];
    let own = rules.has(Wrong::CommitBeforeOwnSync);
    let mine = if own { replica.log.last() } else { replica.durable };
    let held = obliged(rules, state, slot)
        .iter()
        .map(|copy| Some(replica.peers[copy.slot()]).filter(|peer| peer.copy == copy))
        .map(|peer| peer.map_or(0, |peer| peer.acked))
        .fold(mine, u8::min);
    state.commit(slot, held);
    // Only writes that this primary took in have a client that hears of it.
    let replica = &state.replicas[slot];
    let told = replica.log.last_write(replica.opening, replica.commit);
    state.ghost.told = state.ghost.told.max(told);
}

fn advance_reads(rules: &Rules, state: &mut State, slot: usize) {
    let replica = &state.replicas[slot];
    let Some(read) = replica.read else { return };
    if replica.commit < replica.opening && !rules.has(Wrong::ReadBeforeOpening) {
        return;
    }
    let asked = if rules.has(Wrong::ReadLocallyWhileJoining) {
        replica.record.members.without(replica.copy)
    } else {
        state.obliged(slot)
    };
    let confirmed = |newest: u8| {
        asked
            .iter()
            .map(|copy| Some(replica.peers[copy.slot()]).filter(|peer| peer.copy == copy))
            .map(|peer| peer.map_or(0, |peer| peer.confirmed))
            .fold(newest, u8::min)
    };
    let mut round = replica.round;
    if read.needs > round && confirmed(round) >= round {
        round += 1;
    }
    let answered = confirmed(round) >= read.needs || rules.has(Wrong::ReadWithoutRound);
    let (commit, acting) = (replica.commit, replica.acting);
    let seen = replica.log.last_write(1, commit);
    let replica = &mut state.replicas[slot];
    replica.round = round;
    if answered {
        replica.read = None;
        state.ghost.stale_read |= commit < read.mark;
        state.ghost.read_after_failover |= acting > 1;
        state.ghost.told = state.ghost.told.max(seen);
    }
}

/// Sends its log up to `end`, and what else there is to say.
pub fn send(state: &mut State, slot: usize, follower: usize, end: u8) {
    state.streams[follower][slot].append = Some(news(state, slot, end));
}

fn news(state: &State, slot: usize, end: u8) -> Append {
    let replica = &state.replicas[slot];
    Append {
        epoch: replica.record.epoch,
        log: replica.log.prefix(end),
        commit: replica.commit,
        round: replica.round,
    }
}

/// Whether a message would tell the follower anything. One that does not would change nothing
/// whenever it arrived.
pub fn has_news(state: &State, slot: usize, follower: usize, end: u8) -> bool {
    let stream = &state.streams[follower][slot];
    let replica = &state.replicas[follower];
    let news = news(state, slot, end);
    news.epoch > replica.epoch
        || end > stream.verified
        || news.commit.min(stream.verified) > replica.commit
        || news.round > stream.round
}

/// An acknowledgement arrives; it counts if it is of this term.
pub fn on_ack(rules: &Rules, state: &mut State, slot: usize, follower: usize) {
    let stream = &mut state.streams[follower][slot];
    let Some(ack) = stream.ack.take() else { return };
    state.tidy(follower, slot);
    let replica = &mut state.replicas[slot];
    if ack.epoch < replica.acting || ack.epoch > replica.record.epoch {
        return;
    }
    let peer = &mut replica.peers[follower];
    peer.acked = peer.acked.max(ack.durable);
    peer.confirmed = peer.confirmed.max(ack.round);
    replica.evidence.arrived = rules.has(Wrong::EvidenceByArrival);
    advance(rules, state, slot);
}

/// Whether a learner could be obliged now (rule 4).
pub fn may_oblige(rules: &Rules, state: &State, slot: usize, learner: usize) -> bool {
    let replica = &state.replicas[slot];
    let peer = replica.peers[learner];
    learner != slot
        && replica.acting > 0
        && replica.joining.is_none()
        && (replica.commit >= replica.opening || rules.has(Wrong::JoinBeforeOpening))
        && state.streams[learner][slot].primary_open
        && !replica.record.members.has(peer.copy)
        && peer.acked > 0
}

/// Obliges it.
pub fn oblige(rules: &Rules, state: &mut State, slot: usize, learner: usize) {
    let replica = &mut state.replicas[slot];
    let copy = replica.peers[learner].copy;
    replica.joining = Some(Join { copy, barrier: replica.commit });
    advance(rules, state, slot);
}

/// Whether the learner being obliged is gone, and no write under way names it.
pub fn may_let_go(state: &State, slot: usize) -> bool {
    let replica = &state.replicas[slot];
    replica.joining.is_some_and(|join| {
        let here = state.streams[join.copy.slot()][slot].primary_open
            && replica.peers[join.copy.slot()].copy == join.copy;
        !here && !replica.attempt.members.has(join.copy)
    })
}
