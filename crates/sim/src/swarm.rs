//! A world driven by chance: each seed draws its own mix of faults. First chaos, with safety
//! checked after every event; then everything is mended, and the cluster must serve again in full
//! strength within a bound; then the clients' history is judged.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use understudy_evidence::{MARKS, take_counts};
use understudy_history::{Action, Condition};
use understudy_protocol::{BackupExecution, RoleName};

use crate::checks::violation::{Property, Violation};
use crate::checks::watch::acts;
use crate::clients::{Client, Job};
use crate::faults::Mend;
use crate::faults::mix::Mix;
use crate::report::Report;
use crate::report::trace::Detail;
use crate::world::World;
use crate::world::clock::{MILLISECOND, SECOND};
use crate::world::happening::Happening;
use crate::world::host::SLOW;

/// After the mending, the cluster must be whole again within this time, nanoseconds.
pub(crate) const BOUND: u64 = 60 * SECOND;

/// Runs one seed.
pub fn run(seed: u64, trace: Detail) -> Report {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mix = Mix::draw(&mut rng, trace);
    let mut world = World::new(seed, mix.options.clone());
    let mut swarm = Swarm { mix, mends: BTreeMap::new(), version: None };
    take_counts();
    let outcome = catch_unwind(AssertUnwindSafe(|| swarm.run(&mut world)));
    if let Err(panic) = outcome {
        let text = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "a panic".into());
        world.guilty(Property::of_panic(&text), format!("panic: {text}"));
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

/// Chance at the helm of a world.
pub(crate) struct Swarm {
    pub(crate) mix: Mix,
    pub(crate) mends: BTreeMap<u64, Vec<Mend>>,
    /// The version of the upgrade under way.
    pub(crate) version: Option<u32>,
}

impl Swarm {
    fn run(&mut self, world: &mut World) {
        self.prepare(world);
        self.chaos(world);
        let tampered = self.tamper(world);
        if world.violation.is_some() {
            return;
        }
        self.mend_all(world);
        match tampered {
            true => world.run_until(world.time + 5 * SECOND),
            false => self.expect_progress(world),
        }
        for host in 0..world.hosts.len() {
            world.check_past(host);
        }
        world.finish_watching();
        judge(world);
    }

    fn prepare(&mut self, world: &mut World) {
        world.receipts.spare_disks(&mut self.mix);
        world.register.late = self.mix.late;
        world.register.lost = self.mix.lost;
        world.register.repeated = self.mix.repeated;
        world.strike = self.mix.strike;
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
            world.after(delay, Happening::Start(host));
        }
        for (id, workload) in self.mix.clients.iter().enumerate() {
            let patience = 300 * MILLISECOND;
            let client = Client { patience, ..Client::new(id as u64, Some(workload.clone())) };
            world.clients.push(client);
            let delay = world.span((0, SECOND));
            world.after(delay, Happening::ClientTurn(id as u64));
        }
        world.prepare_deferred();
        world.prepare_draws();
        world.prepare_holders();
        world.prepare_ranges();
        world.prepare_bounds();
        world.prepare_shares();
        world.prepare_ahead();
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
            self.pass(world, next);
            world.switch_backups();
            // What is rehearsed is not disturbed.
            let undisturbed = self.mix.options.theme.is_some() && world.time < world.deposed_until;
            if !undisturbed && !self.mix.faults.is_empty() {
                let fault = self.mix.faults[world.rng.usize(0..self.mix.faults.len())];
                self.inflict(world, fault);
            }
        }
    }

    /// Lets time pass, with what is to be mended meanwhile.
    fn pass(&mut self, world: &mut World, until: u64) {
        while let Some((&time, _)) = self.mends.first_key_value()
            && time <= until
            && world.violation.is_none()
        {
            world.run_until(time);
            for mend in self.mends.remove(&time).unwrap_or_default() {
                self.apply(world, &mend);
            }
        }
        world.run_until(until);
    }

    pub(crate) fn mend_all(&mut self, world: &mut World) {
        world.say(|| "---- everything is mended ----".into());
        world.armed = None;
        world.register.late = 0;
        world.register.lost = 0;
        world.register.repeated = 0;
        world.strike = 0;
        world.doubt = 0;
        world.cuts = 0;
        world.register.edits = 0;
        world.net.loss = 0;
        world.net.twice = 0;
        world.net.stale = 0;
        self.apply(world, &Mend::RegisterUp);
        self.apply(world, &Mend::RegisterFast);
        world.heal();
        self.complete_upgrade(world);
        for host in 0..world.hosts.len() {
            for mend in [
                Mend::Room(host),
                Mend::FastDisk(host),
                Mend::WideLine(host),
                Mend::PowerOn(host),
                Mend::Start(host),
                Mend::Resume(host),
                Mend::Verify(host),
            ] {
                self.apply(world, &mend);
            }
        }
        for client in &mut world.clients {
            client.workload = None;
            client.queue.clear();
        }
        world.holders.rest();
        world.ranges.rest();
        world.bounds.rest();
        world.shares.rest();
        world.ahead.rest();
        world.receipts.rest();
    }

    /// The cluster serves again, in full strength, within the bound.
    fn expect_progress(&mut self, world: &mut World) {
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
            return world.guilty(Property::Progress, explanation);
        }
        let took = world.time - started;
        world.say(|| format!("whole again after {:.3} s", took as f64 / 1e9));
        world.judge_ahead();
        self.probe(world);
        if world.deferred.is_wanted() && world.violation.is_none() {
            expect_hot(world);
        }
        if world.violation.is_none() && !world.waits_for_an_order() && world.rng.u32(0..4) == 0 {
            world.expect_room_elsewhere();
        }
    }

    /// A fresh client writes and reads everything.
    fn probe(&mut self, world: &mut World) {
        let id = world.clients.len() as u64;
        world.clients.push(Client::new(id, None));
        world.order(
            id,
            Job::Action(Action::Put {
                key: "probe".into(),
                value: "probe".into(),
                condition: Condition::Always,
                want_previous: false,
            }),
        );
        let keys = self.mix.clients.first().map_or(0, |workload| workload.keys);
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
            world.guilty(Property::Progress, explanation);
        }
    }
}

pub(crate) fn is_idle(world: &World) -> bool {
    world.clients.iter().all(|client| client.ongoing.is_none() && client.queue.is_empty())
}

/// Backups that have executed nothing execute everything when they are told to.
fn expect_hot(world: &mut World) {
    let end = world.time + BOUND;
    if !run_and_restart(world, end, |world| world.hoarder().is_none()) && world.violation.is_none()
    {
        let explanation = format!("a backup keeps too much: {}", states(world));
        return world.guilty(Property::BoundedMemory, explanation);
    }
    world.count_backlogs();
    world.order_hot_backups();
    let end = world.time + BOUND;
    let done = run_and_restart(world, end, |world| is_idle(world) && is_whole(world));
    if !done && world.violation.is_none() {
        let explanation = format!("a backup does not execute again: {}", states(world));
        world.guilty(Property::Progress, explanation);
    }
}

/// Lets time pass until something holds; a process that was about to leave is started again.
pub(crate) fn run_and_restart(world: &mut World, end: u64, done: impl Fn(&World) -> bool) -> bool {
    while world.time < end && world.violation.is_none() {
        for host in 0..world.hosts.len() {
            world.start(host);
        }
        let step = (world.time + SECOND / 2).min(end);
        if world.run_while_not(step, &done) {
            return true;
        }
        world.run_until(step);
    }
    false
}

/// One primary serves, as many members are named as there should be, and everybody has executed
/// everything, but for backups that only have to know that it is committed.
pub(crate) fn is_whole(world: &World) -> bool {
    let wanted = world.hosts.len().min(1 + world.options.settings.sync_backups as usize);
    let Some(record) = world.register.record() else { return false };
    let mut statuses = world.hosts.iter().map(|host| {
        host.process.as_ref().filter(|process| !process.paused).map(|p| p.driver.replica().status())
    });
    let Some(statuses) = statuses.by_ref().collect::<Option<Vec<_>>>() else { return false };
    let primary = statuses.iter().filter(|status| acts(status)).collect::<Vec<_>>();
    let [primary] = primary[..] else { return false };
    record.members.len() == wanted
        && record
            .members
            .iter()
            .all(|member| world.hosts.iter().any(|h| h.incarnation == Some(member.incarnation)))
        && primary.role == RoleName::Primary
        && statuses.iter().all(|status| {
            let deferred = primary.settings.backup_execution == BackupExecution::Deferred;
            match deferred && !acts(status) {
                true => status.commit == primary.last,
                false => status.applied == primary.last,
            }
        })
}

/// Whether the register names only copies that are gone: an operator must decide.
fn nobody_left(world: &World) -> bool {
    world.register.record().is_some_and(|record| {
        !world.hosts.iter().any(|host| host.incarnation.is_some_and(|copy| record.names(copy)))
    })
}

pub(crate) fn states(world: &World) -> String {
    let mut states: Vec<String> = world
        .hosts
        .iter()
        .map(|host| match &host.process {
            None => format!("{}: down", host.name()),
            Some(process) => {
                let status = process.driver.replica().status();
                format!(
                    "{}: {} epoch {} last {} commit {} applied {} {}",
                    host.name(),
                    status.role,
                    status.epoch,
                    status.last,
                    status.commit,
                    status.applied,
                    status.reason
                )
            }
        })
        .collect();
    states.extend(world.register.record().map(|record| world.describe(record)));
    states.join("; ")
}

/// The clients' history.
fn judge(world: &mut World) {
    if world.violation.is_some() || world.forked.is_some() {
        return;
    }
    world.give_up_all();
    if world.ahead.is_there() {
        return;
    }
    world.judge_draws();
    // What holders write, what goes with their leases, what comes and goes by ranges, and what an operator tries is
    // in no history.
    let others = world.holders.are_there() || world.ranges.are_there() || world.bounds.are_there();
    let verdict = match others {
        true => understudy_history::check_among_others(&world.history),
        false => understudy_history::check(&world.history),
    };
    let Some(first) = verdict.violations.first() else { return };
    let property = match first.property {
        understudy_history::Property::Linearizable | understudy_history::Property::Revisions => {
            Property::Linearizable
        }
        understudy_history::Property::OldRevisions => Property::OldReadsHold,
        understudy_history::Property::NothingLost => Property::NothingLost,
        understudy_history::Property::ExactlyOnce => Property::ExactlyOnce,
        understudy_history::Property::FailedMeansNotExecuted => Property::FailedMeansNotExecuted,
        understudy_history::Property::Undecided => Property::Undecided,
    };
    let explanation = first.explanation.clone();
    world.blame(Err(Violation { property, explanation }));
}
