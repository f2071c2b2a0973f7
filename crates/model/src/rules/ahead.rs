//! What a primary in `async` mode answers ahead of the commit (rule 2, ADR 26). Time is here as far as the
//! argument needs it: a copy that has heard a round takes its author for silent only after that round
//! has lapsed there.

use super::Rules;
use crate::names::Copied;
use crate::register::Record;
use crate::state::State;
use crate::wrong::Wrong;

/// The newest round that everybody obliged has confirmed.
fn confirmed(state: &State, slot: usize) -> u8 {
    let replica = &state.replicas[slot];
    let peers = state.obliged(slot).iter().map(|copy| {
        let peer = replica.peers[copy.slot()];
        if peer.copy == copy { peer.confirmed } else { 0 }
    });
    peers.fold(replica.round, u8::min)
}

/// Whether a primary may start a round that no read waits for.
pub fn may_ask(rules: &Rules, state: &State, slot: usize) -> bool {
    state.spent.evidence < rules.bounds.evidence
        && state.replicas[slot].acting > 0
        && confirmed(state, slot) >= state.replicas[slot].round
}

/// It starts one.
pub fn ask(state: &mut State, slot: usize) {
    state.spent.evidence += 1;
    state.replicas[slot].round += 1;
}

/// Whether time can tell anything.
pub fn may_lapse(rules: &Rules, state: &State, slot: usize) -> bool {
    let replica = &state.replicas[slot];
    rules.bounds.ahead() && replica.acting > 0 && replica.evidence.lapsed < replica.round
}

/// All rounds so far began too long ago.
pub fn lapse(state: &mut State, slot: usize) {
    let replica = &mut state.replicas[slot];
    replica.evidence.lapsed = replica.round;
    replica.evidence.arrived = false;
}

/// Whether the process that wrote `seen` may be known to be gone. In `sync` mode anybody's may at any time,
/// rightly or not.
pub fn may_be_gone(rules: &Rules, state: &State, seen: Record) -> bool {
    let author = &state.replicas[seen.primary.slot()];
    !rules.bounds.ahead() || author.copy != seen.primary || author.life != seen.nonce.0
}

/// Whether `by` may take `other` for silent. In `sync` mode anybody may at any time.
pub fn may_suspect(rules: &Rules, state: &State, by: usize, other: Copied) -> bool {
    let replica = &state.replicas[other.slot()];
    !rules.bounds.ahead()
        || replica.copy != other
        || replica.acting == 0
        || replica.evidence.heard[by] <= replica.evidence.lapsed
}

/// A follower has heard of a round.
pub fn hear(
    rules: &Rules,
    state: &mut State,
    follower: usize,
    primary: usize,
    epoch: u8,
    round: u8,
) {
    let replica = &mut state.replicas[primary];
    if rules.bounds.ahead() && replica.acting > 0 && epoch >= replica.acting {
        let heard = &mut replica.evidence.heard[follower];
        *heard = (*heard).max(round);
    }
}

/// A write arrives, its entry is the last.
pub fn note_write(rules: &Rules, state: &mut State, slot: usize) {
    let opened = state.ghost.opened;
    let replica = &mut state.replicas[slot];
    if rules.bounds.ahead() && opened > replica.record.epoch && replica.evidence.late == 0 {
        replica.evidence.late = replica.log.last();
    }
}

/// Answers for what is on this disk, while nobody can have taken its place and served.
pub fn answer(rules: &Rules, state: &mut State, slot: usize) {
    let replica = &state.replicas[slot];
    if !rules.bounds.ahead() || replica.commit < replica.opening {
        return;
    }
    state.ghost.opened = state.ghost.opened.max(replica.acting);
    let alone = state.obliged(slot).iter().next().is_none();
    let sure = match () {
        () if rules.has(Wrong::AheadWithoutEvidence) => true,
        () if rules.has(Wrong::EvidenceByArrival) => replica.evidence.arrived,
        () => confirmed(state, slot) > replica.evidence.lapsed,
    };
    let told = replica.log.last_write(replica.opening, replica.durable);
    if (alone || sure) && replica.durable > replica.commit && told > 0 {
        state.ghost.ahead = true;
        let late = replica.evidence.late;
        state.ghost.late_answer |= late > 0 && replica.durable >= late;
    }
}
