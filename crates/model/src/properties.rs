//! What must hold in every state, and what must be reached so that the rest means something.

use stateright::Property;

use crate::protocol::Protocol;
use crate::state::State;

/// The register's members hold every committed entry durably; so does any primary to come.
pub const NAMED_HOLD_ALL: &str = "every named copy holds every committed entry";
/// Rule 7's consequence.
pub const ONE_ENTRY: &str = "index and epoch name one entry";
/// Rules 1 and 7.
pub const ONE_ACTOR: &str = "at most one replica acts per epoch";
/// Rule 10.
pub const LINEARIZABLE: &str = "reads are linearizable";
/// Rule 12.
pub const EPOCHS_GROW: &str = "the register's epochs only grow";
/// Rules 2 and 9.
pub const PREFIXES_AGREE: &str = "committed prefixes agree";

/// Rule 2 in `async` mode.
pub const NOTHING_LATE: &str = "nothing that arrived after a successor served is answered ahead";

/// Rules 7, 9 and 12, where the register or a disk goes back.
pub const NOTHING_CUT: &str = "nothing committed is cut in silence";

/// All of those.
pub const SAFETY: [&str; 8] = [
    NAMED_HOLD_ALL,
    ONE_ENTRY,
    ONE_ACTOR,
    LINEARIZABLE,
    EPOCHS_GROW,
    PREFIXES_AGREE,
    NOTHING_LATE,
    NOTHING_CUT,
];

/// A term after the first one is open.
pub const FAILOVER: &str = "a failover";
/// The register no longer names a founder.
pub const DROP: &str = "a drop";
/// The register names another copy than the founders.
pub const JOIN: &str = "a join";
/// An outcome is undecided although the request has landed.
pub const UNKNOWN: &str = "an attempt that landed and is not known to be won";
/// A primary acts that the register has left behind.
pub const DEPOSED: &str = "a deposed primary that does not know";
/// A later primary has committed a write of its own.
pub const WRITE_AFTER: &str = "a write committed after a failover";
/// A later primary has answered a read.
pub const READ_AFTER: &str = "a read answered after a failover";
/// A request of a dead life that may still land.
pub const ORPHAN: &str = "a request whose author is dead";
/// A learner is obliged while entries go on.
pub const OBLIGED: &str = "a write that waits for a learner";

/// A write is answered before its commit.
pub const AHEAD: &str = "a write answered ahead of its commit";
/// A client writes at a deposed primary whose successor serves.
pub const LATE: &str = "a write at a primary whose successor serves";

/// Two copies have stopped since they contradict each other.
pub const HALTED: &str = "two copies stopped by a contradiction";

/// The properties of a configuration: the safety properties and what it must reach.
pub fn all(reached: &[&'static str]) -> Vec<Property<Protocol>> {
    let mut all = vec![
        Property::always(NAMED_HOLD_ALL, |_, state: &State| {
            rewound(state) || named_hold_all(state)
        }),
        Property::always(ONE_ENTRY, |_, state: &State| rewound(state) || one_entry(state)),
        Property::always(ONE_ACTOR, |_, state: &State| one_actor(state)),
        Property::always(LINEARIZABLE, |_, state: &State| !state.ghost.stale_read),
        Property::always(EPOCHS_GROW, |_, state: &State| !state.ghost.went_back),
        Property::always(PREFIXES_AGREE, |_, state: &State| {
            rewound(state) || !state.ghost.disagreed
        }),
        Property::always(NOTHING_LATE, |_, state: &State| !state.ghost.late_answer),
        Property::always(NOTHING_CUT, |_, state: &State| !state.ghost.cut),
    ];
    let sometimes: [Property<Protocol>; 12] = [
        Property::sometimes(FAILOVER, |_, state: &State| later_primary(state, |_| true)),
        Property::sometimes(DROP, |model, state: &State| {
            !model.rules.bounds.founders().within(state.register.now().members)
        }),
        Property::sometimes(JOIN, |model, state: &State| {
            !state.register.now().members.within(model.rules.bounds.founders())
        }),
        Property::sometimes(UNKNOWN, |_, state: &State| {
            let now = state.register.now();
            state.replicas.iter().any(|replica| replica.attempt == now)
        }),
        Property::sometimes(DEPOSED, |_, state: &State| {
            let epoch = state.register.epoch;
            state
                .replicas
                .iter()
                .any(|r| r.acting > 0 && r.record.epoch < epoch && r.attempt.epoch != epoch)
        }),
        Property::sometimes(WRITE_AFTER, |_, state: &State| {
            later_primary(state, |r| r.log.last_write(r.opening, r.commit) > 0)
        }),
        Property::sometimes(READ_AFTER, |_, state: &State| state.ghost.read_after_failover),
        Property::sometimes(ORPHAN, |_, state: &State| {
            state
                .register
                .on_the_way()
                .any(|request| state.replicas.iter().all(|replica| replica.attempt != request))
        }),
        Property::sometimes(AHEAD, |_, state: &State| state.ghost.ahead),
        Property::sometimes(LATE, |_, state: &State| {
            state.replicas.iter().any(|replica| replica.evidence.late > 0)
        }),
        Property::sometimes(HALTED, |_, state: &State| {
            state.replicas.iter().filter(|replica| replica.halted).count() > 1
        }),
        Property::sometimes(OBLIGED, |_, state: &State| {
            state.replicas.iter().any(|r| r.joining.is_some() && r.commit < r.log.last())
        }),
    ];
    all.extend(sometimes.into_iter().filter(|property| reached.contains(&property.name)));
    all
}

/// The first safety property that does not hold in `state`.
pub fn violated(model: &Protocol, state: &State) -> Option<&'static str> {
    let broken = all(&[]).into_iter().find(|property| !(property.condition)(model, state));
    broken.map(|property| property.name)
}

/// After the register or a disk went back nothing but that can be promised: no cut in silence.
fn rewound(state: &State) -> bool {
    state.spent.rewinds > 0
}

fn later_primary(state: &State, and: impl Fn(&crate::state::Replica) -> bool) -> bool {
    state.replicas.iter().any(|r| r.acting > 1 && r.commit >= r.opening && and(r))
}

fn named_hold_all(state: &State) -> bool {
    let committed = &state.ghost.committed;
    state.register.now().members.iter().all(|copy| {
        let replica = &state.replicas[copy.slot()];
        // A copy that was wiped holds nothing and is nowhere.
        replica.copy != copy
            || replica.durable >= committed.last() && replica.log.begins_with(committed)
    })
}

fn one_entry(state: &State) -> bool {
    let messages = state.streams.as_flattened().iter().filter_map(|stream| stream.append);
    let replicas = state.replicas.iter().map(|replica| replica.log);
    let logs = || replicas.clone().chain(messages.clone().map(|append| append.log));
    logs().enumerate().all(|(n, log)| logs().skip(n + 1).all(|other| !log.contradicts(&other)))
}

fn one_actor(state: &State) -> bool {
    let epochs = || state.replicas.iter().map(|r| if r.acting > 0 { r.record.epoch } else { 0 });
    epochs().enumerate().all(|(n, epoch)| epoch == 0 || epochs().skip(n + 1).all(|e| e != epoch))
}
