//! The register, or a disk, goes back in time while everybody is down, and somebody who cannot know goes on
//! from there. No protocol can keep both histories; what it owes is that nothing which was acknowledged is
//! cut from a good disk in silence, and that both stop when they meet (rules 7, 9 and 12).
//!
//! From the fork on, the world knows two truths: all other properties are silent.

use understudy_protocol::{HardState, Index, Position};
use understudy_wal::Store;

use crate::checks::check::{Check, Done};
use crate::checks::gone_back::Fork;
use crate::checks::violation::Property;
use crate::checks::watch::acts;
use crate::checks::whole::{is_whole, states};
use crate::clients::workload::Workload;
use crate::faults::tamper::Tamper;
use crate::swarm::Swarm;
use crate::world::World;
use crate::world::clock::{MILLISECOND, SECOND};
use crate::world::event::SimEvent;
use crate::world::host::store_options;
use crate::world::id::HostId;

/// More entries than most worlds keep below their snapshots.
const FAR: Index = 60;

impl Swarm {
    /// Heals all faults for good and waits until the cluster is whole. Gives what its clients did, without their haste.
    pub(crate) fn calm(&mut self, world: &mut World) -> Option<Vec<Option<Workload>>> {
        let slowly =
            |load: &Workload| Workload { think: load.think.max(40 * MILLISECOND), ..load.clone() };
        let loads =
            world.clients.iter().map(|client| client.workload.as_ref().map(slowly)).collect();
        self.faults.forget();
        self.mix.faults.clear();
        self.heal_all(world);
        world.run_while_not(world.time + 30 * SECOND, is_whole).then_some(loads)
    }

    /// Lets register or disk go back. Gives whether it has come to that.
    pub(crate) fn go_back(&mut self, world: &mut World, what: Tamper) -> bool {
        if world.ahead.is_there() || world.receipts.may_count() {
            return false;
        }
        let Some(loads) = self.calm(world) else { return false };
        let Some(primary) = acting(world) else { return false };
        let others: Vec<HostId> = (0..world.hosts.len()).filter(|&host| host != primary).collect();
        world.may_halt = true;
        load(world, &loads);
        let first = match what {
            Tamper::RegisterBack => register_back(world, primary, others),
            _ => disk_back(world, &others).map(|host| vec![host]),
        };
        let Some(first) = first.filter(|_| world.violation.is_none()) else { return false };
        world.counts.add(what.name());
        load(world, &loads);
        let in_turn = first.len() > 1 && world.rng.u32(0..4) > 0;
        if in_turn {
            go_on_in_turn(world, &first);
        }
        for &host in &first {
            world.start(host);
        }
        let_somebody_act(world);
        if let Some(host) = acting(world).filter(|_| world.rng.bool()) {
            world.kill(host);
            world.start(host);
            let_somebody_act(world);
        }
        // Then only the log tells of the other history: each of the two proofs is tried alone, the log's more often
        // where a disk went back, the records' where logs do not reach back any more.
        let forgets = match what {
            Tamper::DiskBack => 3,
            _ if in_turn => 1,
            _ => 2,
        };
        if world.rng.u32(0..4) < forgets {
            forget_records(world, primary);
        }
        for host in 0..world.hosts.len() {
            world.start(host);
        }
        world.run_until(world.time + 20 * SECOND);
        // A copy whose log does not reach the register's floor does not act, and says so without halting: the
        // register may yet name another one.
        let halted = |world: &World| {
            let mut processes = world.hosts.iter().filter_map(|host| host.process.as_ref());
            processes.any(|process| {
                let last = process.driver.replica().status().last;
                let floor = world.register.record().map_or(0, |record| record.floor);
                process.halted.is_some() || last < floor
            })
        };
        load(world, &vec![None; loads.len()]);
        // A snapshot may come in small parts.
        let bound = world.time + 120 * SECOND;
        let said = world.run_while_not(bound, |world| halted(world) || is_whole(world));
        if !said && world.violation.is_none() {
            let explanation = format!("nobody says so: {}", states(world));
            world.fail(Property::NothingCutInSilence, explanation);
        }
        true
    }
}

/// The first goes on alone, and another one joins it later. The first dies when their logs need not reach back to
/// the fork any more: who succeeds it has not seen the other history begin.
fn go_on_in_turn(world: &mut World, first: &[HostId]) {
    let end = world.ledger.promised().map_or(0, |(index, _)| index);
    let named = |world: &World| world.register.record().map_or(0, |record| record.members.len());
    world.start(first[0]);
    world.run_while_not(world.time + 10 * SECOND, |world| named(world) == 1);
    pass(world, 300 * MILLISECOND);
    // Into an epoch that the good copy does not know.
    for _ in 0..2 {
        world.kill(first[0]);
        world.start(first[0]);
        let_somebody_act(world);
    }
    for &host in &first[1..] {
        world.start(host);
    }
    let snapshot = |world: &World, host: HostId| {
        let process = world.hosts[host].process.as_ref();
        process.map_or(0, |process| process.driver.replica().status().snapshot)
    };
    world.run_while_not(world.time + 10 * SECOND, |world| {
        named(world) == first.len() && snapshot(world, first[1]) > end + FAR
    });
    if snapshot(world, first[1]) > end + FAR {
        world.counts.add("tampering: gone on by one who has not seen the fork");
    }
    pass(world, 300 * MILLISECOND);
    world.kill(first[0]);
    let_somebody_act(world);
}

/// The others are away while the primary serves alone; then it dies, and the register goes back to before.
/// Gives who cannot know.
fn register_back(
    world: &mut World,
    primary: HostId,
    mut others: Vec<HostId>,
) -> Option<Vec<HostId>> {
    let saved = world.register.observed();
    world.rng.shuffle(&mut others);
    others.iter().for_each(|&host| world.kill(host));
    let alone = |world: &World| world.register.record().is_some_and(|r| r.members.len() == 1);
    if !world.run_while_not(world.time + 20 * SECOND, alone) {
        return None;
    }
    let promised = world.ledger.promised().map(|(index, _)| index);
    world.run_while_not(world.time + 2 * SECOND, |world| {
        world.ledger.promised().map(|(index, _)| index) > promised
    });
    if world.rng.bool() {
        pass(world, 300 * MILLISECOND);
    }
    world.kill(primary);
    world.fork();
    world.register.restore(&saved);
    Some(others)
}

/// A backup's disk goes back to an image that was made while it ran. Gives whose.
fn disk_back(world: &mut World, others: &[HostId]) -> Option<HostId> {
    let host = others[world.rng.usize(0..others.len())];
    let place = &world.hosts[host];
    let (image, shadow, epoch) = (place.disk.image(), place.shadow.clone(), place.epoch);
    pass(world, 500 * MILLISECOND);
    // Without clients, everything that was acknowledged is known to be in the end.
    let none = vec![None; world.clients.len()];
    load(world, &none);
    world.run_until(world.time + 5 * SECOND);
    world.kill_all();
    world.fork();
    let place = &mut world.hosts[host];
    place.disk = image;
    (place.shadow, place.epoch) = (shadow, epoch);
    Some(host)
}

/// As if the copy had never noted a record.
fn forget_records(world: &mut World, host: HostId) {
    let place = &mut world.hosts[host];
    if place.process.is_some() {
        return;
    }
    if let Some(fork) = &mut world.forked {
        fork.forgotten = true;
    }
    if let Ok((mut store, recovered)) = Store::open(place.disk.clone(), store_options(0)) {
        let state = HardState { records: Vec::new(), ..recovered.state };
        let _ = store.save_state(&state);
    }
    place.disk.kill();
}

fn acting(world: &World) -> Option<HostId> {
    world.hosts.iter().position(|host| {
        host.process.as_ref().is_some_and(|process| acts(&process.driver.replica().status()))
    })
}

/// Waits for somebody to act, and a little longer.
fn let_somebody_act(world: &mut World) {
    world.run_while_not(world.time + 10 * SECOND, |world| acting(world).is_some());
    pass(world, 300 * MILLISECOND);
}

fn pass(world: &mut World, longest: u64) {
    let time = world.time + world.span((0, longest));
    world.run_until(time);
}

/// What clients do from now on.
pub(crate) fn load(world: &mut World, loads: &[Option<Workload>]) {
    for (id, load) in loads.iter().enumerate() {
        world.clients[id].workload.clone_from(load);
        world.after(0, SimEvent::ClientTurn(id as u64));
    }
}

/// Looks at what is executed and cut where there are two histories.
pub(crate) struct ForkCheck;

impl Check for ForkCheck {
    fn executed(&self, world: &mut World, done: &Done<'_>) {
        if done.committed {
            world.executed_after_fork(done.host, done.entry.index, done.entry.hash);
        }
    }
}

impl World {
    /// From here on there may be two histories.
    pub(crate) fn fork(&mut self) {
        let promised = self.ledger.promised().map_or(0, |(index, _)| index);
        let known = |index| Some(((index, self.ledger.hash(index)?), self.ledger.hash(index - 1)));
        let known = (1..=promised).filter_map(known).collect();
        self.forked = Some(Fork { known, forgotten: false });
    }

    /// An entry is executed somewhere, after a fork.
    fn executed_after_fork(&mut self, host: HostId, index: Index, hash: u64) {
        if let Some(Fork { known, .. }) = &mut self.forked {
            let before = self.hosts[host].shadow.position_hash(index - 1);
            known.entry((index, hash)).or_insert(before);
        }
    }

    /// What comes after `after` goes from a disk; `through` is the end of the snapshot that takes its place.
    pub(crate) fn cut_after_fork(&mut self, host: HostId, after: Index, through: Option<Position>) {
        let Some(fork) = &self.forked else { return };
        let Fork { known, forgotten } = fork;
        if through.is_some() && *forgotten {
            return;
        }
        let entries = self.hosts[host].shadow.entries().into_iter();
        // What a snapshot stands for is lost only if it is of another history.
        let kept = through.map(|end| (end.index, fork.history(end)));
        let another =
            |(index, hash)| known.range((index, 0)..=(index, u64::MAX)).any(|(k, _)| k.1 != hash);
        let other = |entry: (Index, u64)| match &kept {
            Some((end, _)) if entry.0 > *end => true,
            Some((_, history)) => match history.get(&entry.0) {
                Some(hash) => *hash != entry.1,
                None => another(entry),
            },
            None => entry.0 > after,
        };
        let safe = if *forgotten { self.hosts[host].known_commit } else { Index::MAX };
        let mut lost =
            entries.filter(|entry| entry.0 <= safe && known.contains_key(entry) && other(*entry));
        if let Some((index, _)) = lost.next() {
            let name = self.name(host);
            let explanation = format!("{name} cuts entry {index}, which was acknowledged");
            self.fail(Property::NothingCutInSilence, explanation);
        }
    }
}
