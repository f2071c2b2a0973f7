//! Once all faults have ended, the cluster serves again, in full strength, within a bound.

use understudy_history::{Action, Condition};

use crate::checks::violation::Property;
use crate::checks::whole::{BOUND, is_idle, is_whole, nobody_left, run_and_restart, states};
use crate::clients::Job;
use crate::world::World;
use crate::world::clock::SECOND;

/// The cluster serves again, in full strength, within the bound; `keys` is how many the clients share.
pub(crate) fn expect_progress(world: &mut World, keys: u32) {
    let end = world.time + BOUND;
    let started = world.time;
    let whole = run_and_restart(world, end, is_whole);
    if world.violation.is_some() {
        return;
    }
    if !whole {
        if nobody_left(world) {
            world.counts.add("no named copy left");
            return;
        }
        if world.waits_for_an_order() {
            world.counts.add("only a copy in doubt left");
            return;
        }
        let explanation = format!("not whole after {} s: {}", BOUND / SECOND, states(world));
        return world.fail(Property::Progress, explanation);
    }
    let took = world.time - started;
    world.say(|| format!("whole again after {:.3} s", took as f64 / 1e9));
    world.judge_whole();
    probe(world, keys);
    world.try_whole();
}

/// A fresh client writes and reads everything.
fn probe(world: &mut World, keys: u32) {
    let id = world.add_client();
    world.order(
        id,
        Job::Action(Action::Put {
            key: "probe".into(),
            value: "probe".into(),
            condition: Condition::Always,
            want_previous: false,
        }),
    );
    for key in (0..keys).map(|key| format!("k{key}")).chain(["probe".into()]) {
        world.order(id, Job::Action(Action::Get { key }));
    }
    let end = world.time + BOUND;
    let done = run_and_restart(world, end, is_idle);
    let failed = world.history.iter().filter(|operation| operation.client == id);
    if world.waits_for_an_order() {
        return world.counts.add("only a copy in doubt left");
    }
    if world.violation.is_none()
        && (!done || failed.into_iter().any(|operation| operation.answer().is_none()))
    {
        let explanation = format!("a fresh client gets no answers: {}", states(world));
        world.fail(Property::Progress, explanation);
    }
}
