//! The running digest.

use twox_hash::XxHash3_64;

use super::change::Change;
use super::shares::Shares;
use super::state::State;
use crate::{Input, Moment};

/// A chain over everything that went in and everything that came of it.
///
/// Each input is folded in with its moment, the hash of its bytes, the encoded response, every
/// key's change (place, revisions, version, lease) and the counters after it (revision, keys, bytes,
/// sessions, highest session, held bytes, leases, highest lease, keys on leases, owners of sessions, leases and
/// generators, extent and bytes of the history before it). A different input, response, change or expiry on one
/// replica therefore makes its digest differ from there on; what an input did not touch is covered
/// by the inputs that did. The cost depends on the operation alone, never on the size of the state. Memory that
/// changes by itself afterwards goes unnoticed until it is answered: [`crate::KvMachine::state_hash`]
/// looks at everything.
pub(crate) fn fold(
    digest: u64,
    buffer: &mut Vec<u8>,
    (moment, input): (Moment, Input<'_>),
    state: &State,
    changes: &[Change],
    response: &[u8],
) -> u64 {
    let (tag, command) = match input {
        Input::Open => (1, 0),
        Input::Command(payload) => (2, XxHash3_64::oneshot(payload)),
        Input::Tick => (3, 0),
        Input::Settings => (4, 0),
    };
    buffer.clear();
    words(buffer, &[moment.index, moment.wall, moment.elapsed, tag, command]);
    let (keys, sessions, history) = (&state.keyspace, &state.sessions, &state.history);
    let (kept, leases) = (history.changes(), &state.leases);
    words(buffer, &[state.revision as u64, keys.len(), keys.bytes(), sessions.len()]);
    words(buffer, &[sessions.highest, sessions.held_bytes(), changes.len() as u64]);
    words(buffer, &[kept.floor() as u64, kept.forgotten() as u64, history.bytes()]);
    words(buffer, &[leases.len(), leases.highest as u64, leases.keys()]);
    let owners = [sessions.shares(), leases.shares(), state.generators.shares()];
    words(buffer, &owners.map(Shares::owners));
    for change in changes {
        fold_change(buffer, change);
    }
    buffer.extend_from_slice(response);
    XxHash3_64::oneshot_with_seed(digest, buffer)
}

fn fold_change(buffer: &mut Vec<u8>, change: &Change) {
    words(buffer, &[change.key.len()]);
    buffer.extend_from_slice(change.key.as_slice());
    for record in [&change.before, &change.after] {
        let Some(record) = record else {
            words(buffer, &[0]);
            continue;
        };
        words(buffer, &[1 + record.value.len() as u64]);
        let numbers = [record.create_revision, record.mod_revision, record.version, record.lease];
        words(buffer, &numbers.map(|number| number as u64));
    }
}

fn words(buffer: &mut Vec<u8>, words: &[u64]) {
    for word in words {
        buffer.extend_from_slice(&word.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::Key;
    use super::super::machine::KvMachine;
    use super::super::record::Record;
    use super::*;
    use crate::{Command, Delete, KeyRange, Machine, OpenSession, Operation, Put, Stamp};

    const STAMP: Stamp = Stamp { session: 2, sequence: 1, received_below: 0 };

    /// The digest after `operation` on a state that was tampered with behind the digest's back.
    fn digest(operation: impl Into<Operation>, tamper: fn(&mut State)) -> u64 {
        let mut machine = KvMachine::new();
        let commands = [Put::new("a", "1").into(), OpenSession { ttl: 1 << 30 }.into()];
        let mut commands = commands.map(|operation: Operation| Command::new(operation)).to_vec();
        commands.push(Command::stamped(STAMP, Put::new("b", "1")));
        commands.push(Command::new(operation));
        for (index, command) in (1..).zip(&commands) {
            if index == commands.len() as u64 {
                tamper(&mut machine.state);
            }
            let moment = Moment { index, ..Moment::default() };
            machine.apply(moment, Input::Command(&command.to_payload()));
        }
        machine.digest()
    }

    fn tamper_record(state: &mut State, with: fn(&mut Record)) {
        let mut record = state.keyspace.record(b"a").cloned().expect("the key was put");
        with(&mut record);
        state.keyspace.set(Key::new("a".into()), record);
    }

    #[test]
    fn the_same_input_on_another_state_shows() {
        let tampered: [fn(&mut State); 8] = [
            |_| (),
            |state| state.revision += 1,
            |state| tamper_record(state, |record| record.version += 1),
            |state| tamper_record(state, |record| record.create_revision += 1),
            |state| tamper_record(state, |record| record.value = "22".into()),
            |state| drop(state.keyspace.remove(b"b")),
            |state| state.sessions.highest += 1,
            |state| assert!(state.sessions.close(2, 0).is_ok()),
        ];
        let put = || Put::new("a", "2");
        let digests: std::collections::BTreeSet<_> =
            tampered.iter().map(|tamper| digest(put(), *tamper)).collect();
        assert_eq!(digests.len(), tampered.len());
        let delete = || Delete::new(KeyRange::single("a"));
        assert_ne!(digest(delete(), tampered[0]), digest(delete(), tampered[2]));
        assert_eq!(digest(put(), tampered[0]), digest(put(), tampered[0]));
    }
}
