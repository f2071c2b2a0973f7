//! A world driven by chance: each seed draws its own mix of faults. First chaos, with safety
//! checked after every event; then all faults are healed, and the cluster must serve again in full
//! strength within a bound; then the clients' history is judged.

use std::panic::{AssertUnwindSafe, catch_unwind};

use understudy_evidence::{MARKS, take_counts};

use crate::checks::progress::expect_progress;
use crate::checks::violation::Property;
use crate::clients::Client;
use crate::faults::fault::Faults;
use crate::faults::heal_all;
use crate::faults::mix::Mix;
use crate::report::Report;
use crate::report::trace::Detail;
use crate::world::World;
use crate::world::clock::{MILLISECOND, SECOND};
use crate::world::event::SimEvent;
use crate::world::host::SLOW;

/// Runs one seed.
pub fn run(seed: u64, trace: Detail) -> Report {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mix = Mix::draw(&mut rng, trace);
    let mut world = World::new(seed, mix.options.clone());
    let mut swarm = Swarm { mix, faults: Faults::default() };
    take_counts();
    let outcome = catch_unwind(AssertUnwindSafe(|| swarm.run(&mut world)));
    if let Err(panic) = outcome {
        let text = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "a panic".into());
        world.fail(Property::of_panic(&text), format!("panic: {text}"));
    }
    world.counts.more("event", world.events);
    for (mark, count) in MARKS.iter().zip(take_counts()) {
        world.counts.more(mark.label, count);
    }
    for host in 0..world.hosts.len() {
        world.count_disk_faults(host);
    }
    Report {
        seed,
        violation: world.violation.take(),
        trace: world.trace.lines().to_vec(),
        time: world.time,
        committed: world.ledger.committed(),
        wins: world.register.wins,
        counts: std::mem::take(&mut world.counts),
    }
}

/// What drives a world by chance: the mix that a seed drew, and the faults under way.
pub(crate) struct Swarm {
    pub(crate) mix: Mix,
    pub(crate) faults: Faults,
}

impl Swarm {
    fn run(&mut self, world: &mut World) {
        self.prepare(world);
        self.chaos(world);
        let tampered = self.tamper(world);
        if world.violation.is_some() {
            return;
        }
        self.heal_all(world);
        match tampered {
            true => world.run_until(world.time + 5 * SECOND),
            false => {
                let keys = self.mix.clients.first().map_or(0, |workload| workload.keys);
                expect_progress(world, keys);
            }
        }
        if world.violation.is_none() && world.forked.is_none() {
            world.give_up_all();
        }
        world.judge();
    }

    fn prepare(&mut self, world: &mut World) {
        world.register.late = self.mix.late;
        world.register.lost = self.mix.lost;
        world.register.repeated = self.mix.repeated;
        world.targeted = self.mix.targeted;
        world.doubt = self.mix.doubt;
        world.cuts = self.mix.cuts;
        if let Some(theme) = self.mix.options.theme {
            world.counts.add(theme.name());
        }
        world.register.edits = self.mix.edits;
        world.net.loss = self.mix.loss;
        world.net.twice = self.mix.twice;
        world.net.stale = self.mix.stale;
        let drift = self.mix.drift;
        for host in 0..world.hosts.len() {
            let drift = world.rng.i64(-drift..=drift);
            world.hosts[host].clock.set_drift(0, drift);
            if world.chance(self.mix.slow) {
                let delay = (SLOW / 2, SLOW * 6);
                world.hosts[host].sync_delay = delay;
                world.hosts[host].state_delay = delay;
            }
            let delay = world.span((0, SECOND / 5));
            world.after(delay, SimEvent::Start(host));
        }
        for (id, workload) in self.mix.clients.iter().enumerate() {
            let patience = 300 * MILLISECOND;
            let client = Client { patience, ..Client::new(id as u64, Some(workload.clone())) };
            world.clients.push(client);
            let delay = world.span((0, SECOND));
            world.after(delay, SimEvent::ClientTurn(id as u64));
        }
        world.prepare_checks(&mut self.mix.faults);
        // Most seeds let the cluster be born in peace: amid trouble there is little to lose yet.
        if world.rng.u32(0..8) > 0 {
            world.run_while_not(10 * SECOND, |world| world.register.record().is_some());
        }
    }

    pub(crate) fn chaos(&mut self, world: &mut World) {
        let (least, most) = (world.time + self.mix.chaos.0, world.time + self.mix.chaos.1);
        while world.violation.is_none() {
            let enough = world.time >= least && world.ledger.committed() >= self.mix.entries;
            let end = if enough { least } else { most };
            if world.time >= end {
                return;
            }
            let pause = world.span((MILLISECOND, self.mix.pause));
            let next = (world.time + pause).min(end);
            self.faults.pass(world, next);
            world.switch_backups();
            // What is rehearsed is not disturbed.
            let undisturbed = self.mix.options.theme.is_some() && world.time < world.deposed_until;
            if !undisturbed && !self.mix.faults.is_empty() {
                let fault = self.mix.faults[world.rng.usize(0..self.mix.faults.len())];
                let host = world.rng.usize(0..world.hosts.len());
                fault.inject(&mut self.faults, world, host);
            }
        }
    }

    pub(crate) fn heal_all(&mut self, world: &mut World) {
        world.say(|| "---- all faults are healed ----".into());
        world.armed = None;
        world.register.late = 0;
        world.register.lost = 0;
        world.register.repeated = 0;
        world.targeted = 0;
        world.doubt = 0;
        world.cuts = 0;
        world.register.edits = 0;
        world.net.loss = 0;
        world.net.twice = 0;
        world.net.stale = 0;
        heal_all(&mut self.faults, world);
        for client in &mut world.clients {
            client.workload = None;
            client.queue.clear();
        }
        world.rest_checks();
    }
}
