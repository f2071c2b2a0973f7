//! Makes states equal that differ only in what nobody can tell: records of the past that nobody can
//! be told about any more, the numbers of lives, and which of two backups is which.

use super::Rules;
use crate::names::Copied;
use crate::register::{EPOCHS, Record};
use crate::state::State;
use crate::wrong::Wrong;

/// Brings a state into its canonical form.
pub fn settle(rules: &Rules, state: &mut State) {
    forget_the_past(rules, state);
    number_lives(state);
    if rules.wrongs.is_empty() && rules.bounds.backups_alike() {
        *state = (*state).min(exchanged(state));
    }
}

/// The state in which `b` and `c` have changed places. Of the two one stands for both.
fn exchanged(state: &State) -> State {
    let mut other = *state;
    let copy = |copy: &mut Copied| {
        *copy = Copied::new([0, 2, 1][copy.slot()], copy.generation());
    };
    each_record(&mut other, |record| {
        copy(&mut record.primary);
        record.members = record.members.exchanged();
    });
    for replica in &mut other.replicas {
        if replica.acting == 0 {
            copy(&mut replica.record.primary);
        }
        copy(&mut replica.copy);
        replica.peers.iter_mut().for_each(|peer| copy(&mut peer.copy));
        replica.joining.iter_mut().for_each(|join| copy(&mut join.copy));
        replica.peers.swap(1, 2);
        replica.evidence.heard.swap(1, 2);
    }
    other.replicas.swap(1, 2);
    other.streams.iter_mut().for_each(|row| row.swap(1, 2));
    other.streams.swap(1, 2);
    other.register.sort();
    other
}

/// A record of the past is kept while a late answer may show it, or its author waits for the answer.
fn forget_the_past(rules: &Rules, state: &mut State) {
    if rules.has(Wrong::StaleCache)
        || rules.has(Wrong::ForgetHighest)
        || state.spent.rewinds < rules.bounds.rewinds
    {
        return;
    }
    let now = state.register.epoch;
    for epoch in 1..EPOCHS as u8 {
        let record = state.register.at(epoch);
        let kept = epoch == now
            || state.replicas.iter().any(|replica| {
                replica.reading > 0 && replica.reading <= epoch && epoch < now
                    || replica.attempt.is_some() && replica.attempt == record
            });
        if !kept {
            state.register.records[usize::from(epoch)] = Record::default();
        }
    }
}

/// Of a life only its nonces' author is ever asked, so the lives of a copy are numbered by rank among
/// those that some nonce mentions; a life that none mentions comes after them.
fn number_lives(state: &mut State) {
    for slot in 0..state.replicas.len() {
        let copy = state.replicas[slot].copy;
        let mut mentioned = 0u32;
        each_record(state, |record| {
            if record.primary == copy {
                mentioned |= 1 << record.nonce.0;
            }
        });
        let rank = |life: u8| (mentioned & ((1 << life) - 1)).count_ones() as u8;
        each_record(state, |record| {
            if record.primary == copy {
                record.nonce.0 = rank(record.nonce.0);
            }
        });
        state.replicas[slot].life = rank(state.replicas[slot].life);
    }
    state.register.sort();
}

fn each_record(state: &mut State, mut with: impl FnMut(&mut Record)) {
    let register = state.register.records.iter_mut().chain(&mut state.register.requests);
    let replicas = state.replicas.iter_mut().flat_map(|replica| {
        // A follower's record says whom it follows, see `follow::adopt`.
        let won = (replica.acting > 0).then_some(&mut replica.record);
        won.into_iter().chain([&mut replica.attempt])
    });
    register.chain(replicas).filter(|record| record.is_some()).for_each(&mut with);
}
