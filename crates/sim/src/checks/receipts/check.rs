//! The operator who changes what counts, and crashes at the moments in which it matters.

use understudy_protocol::{Acknowledgement, Incarnation, Record, Settings};

use crate::checks::check::Check;
use crate::checks::receipts::Receipts;
use crate::faults::fault::{Fault, FaultKinds};
use crate::faults::full_disk::FullDisk;
use crate::faults::kill::Kill;
use crate::world::World;
use crate::world::clock::MILLISECOND;
use crate::world::event::SimEvent;
use crate::world::event::TargetedFault;
use crate::world::host::{SLOW, Waiter};
use crate::world::id::HostId;

/// Lets settings change, and spares disks.
pub(crate) struct ReceiptsCheck;

impl Check for ReceiptsCheck {
    fn prepare(&self, world: &mut World, faults: &mut FaultKinds) {
        spare_disks(&world.receipts, faults);
    }

    fn after_event(&self, world: &mut World) {
        world.let_settings_change();
    }

    /// The settings stay as they are from here on.
    fn rest(&self, world: &mut World) {
        world.receipts.rests = true;
    }
}

/// Takes the faults out that lose a disk; full ones come more often instead.
fn spare_disks(receipts: &Receipts, faults: &mut FaultKinds) {
    if receipts.enabled {
        faults.retain(|fault| !fault.loses_a_disk());
        faults.extend([&FullDisk as &dyn Fault, &FullDisk, &Kill]);
    }
}

impl World {
    /// An operator changes what counts, now and then.
    fn let_settings_change(&mut self) {
        if !self.receipts.troubles() || self.violation.is_some() {
            return;
        }
        let now = self.time;
        if self.receipts.slow_at.take_if(|at| *at <= now).is_some() {
            self.hosts.iter_mut().for_each(|host| host.sync_delay = (SLOW, 2 * SLOW));
        }
        if now < self.receipts.next {
            return;
        }
        self.receipts.next = self.time + self.receipts.rng.u64(MILLISECOND..100 * MILLISECOND);
        let acting = (0..self.hosts.len()).find_map(|host| Some((host, self.serves(host)?)));
        let Some((host, run)) = acting else { return };
        let process = self.hosts[host].running(run);
        let Some(process) = process.filter(|p| p.waits.is_none() && !p.paused) else { return };
        let settings = process.driver.executed().settings;
        let (acknowledgement, longest) = match settings.acknowledgement {
            Acknowledgement::Received => (Acknowledgement::Durable, 700),
            Acknowledgement::Durable if self.receipts.often => (Acknowledgement::Received, 700),
            Acknowledgement::Durable => (Acknowledgement::Received, 2000),
        };
        self.receipts.next += self.receipts.rng.u64(0..longest * MILLISECOND);
        // What another one then receives may find no room.
        if acknowledgement == Acknowledgement::Received && self.receipts.rng.bool() {
            let others = self.hosts.len() - 1;
            let other = (host + 1 + self.receipts.rng.usize(0..others)) % self.hosts.len();
            let delay = self.receipts.rng.u64(0..longest * MILLISECOND);
            self.after(delay, SimEvent::Inject(other, TargetedFault::Fill));
        }
        // Its disk takes its time, so that more is written and all of that committed at once; the
        // others', as soon as they have these settings, still more.
        if self.receipts.rng.u32(0..4) > 0 {
            self.hosts[host].sync_delay = (SLOW / 4, SLOW);
            let there = self.options.net_delay.1 + self.options.sync_delay.1 + MILLISECOND;
            self.receipts.slow_at = Some(now + self.receipts.rng.u64(0..2 * there));
        }
        // What a cluster is born with may not be executed yet.
        let Settings { sync_backups, min_copies, .. } = self.options.settings;
        let settings = Settings { acknowledgement, sync_backups, min_copies, ..settings };
        self.counts.add(match acknowledgement {
            Acknowledgement::Durable => "settings: durable",
            Acknowledgement::Received => "settings: received",
        });
        let want = understudy_host::RequestKind::Settings(settings);
        self.ask(host, run, want, Waiter::Nobody);
    }

    /// Settings come into force at a primary. Perhaps somebody else crashes right then, for that is when
    /// other copies begin to count; and perhaps it is back before it can be dropped.
    pub(crate) fn inject_at_settings(&mut self, primary: HostId) {
        if !self.receipts.troubles() {
            return;
        }
        let delay = self.options.sync_delay;
        self.hosts.iter_mut().for_each(|host| host.sync_delay = delay);
        self.receipts.slow_at = None;
        let record = self.register.record();
        let named = |copy| record.is_some_and(|record| record.names(copy));
        let is_backup =
            |&host: &HostId| host != primary && self.hosts[host].incarnation.is_some_and(named);
        let others: Vec<HostId> = (0..self.hosts.len()).filter(is_backup).collect();
        let rng = &mut self.receipts.rng;
        let (delay, pause) = (rng.u64(0..MILLISECOND / 2), rng.u64(0..MILLISECOND));
        let back = rng.u32(0..4) > 0;
        if let Some(host) = rng.choice(others).filter(|_| rng.u32(0..4) > 0) {
            self.after(delay, SimEvent::Inject(host, TargetedFault::Kill));
            if back {
                self.after(delay + pause, SimEvent::Start(host));
            }
        }
    }

    /// A write is under way that names a learner. Perhaps that one receives more than its disk has, crashes and is back
    /// before it lands.
    pub(crate) fn inject_at_naming(&mut self, record: &Record) {
        let Some(now) = self.register.record().filter(|_| self.receipts.troubles()) else { return };
        let fresh = |i: Incarnation| record.names(i) && !now.names(i);
        let learner = self.hosts.iter().position(|host| host.incarnation.is_some_and(fresh));
        let longest = MILLISECOND.max(self.register.delay.1 / 4);
        let rng = &mut self.receipts.rng;
        let (often, delay, pause) = (rng.bool(), rng.u64(0..longest), rng.u64(0..MILLISECOND));
        if let Some(host) = learner.filter(|_| often) {
            self.hosts[host].sync_delay = (SLOW, 2 * SLOW);
            self.after(delay, SimEvent::Inject(host, TargetedFault::Kill));
            self.after(delay + pause, SimEvent::Start(host));
        }
    }

    /// A disk has just become full. Perhaps the primary crashes before it could send again: what its backup has
    /// received and has no room for counts.
    pub(crate) fn inject_at_full_disk(&mut self, full: HostId) {
        if !self.receipts.troubles() {
            return;
        }
        let acting = (0..self.hosts.len()).find(|&host| self.serves(host).is_some());
        let rng = &mut self.receipts.rng;
        let (often, delay) = (rng.bool(), rng.u64(0..60 * MILLISECOND));
        if let Some(host) = acting.filter(|&host| often && host != full) {
            self.after(delay, SimEvent::Inject(host, TargetedFault::Kill));
        }
    }

    /// Whether a named copy can be asked for an entry. One that is down, or not sure of itself, will not
    /// be named any more before it acts.
    pub(crate) fn remembers(&self, host: HostId, index: u64, hash: u64) -> bool {
        let place = &self.hosts[host];
        let Some(process) = &place.process else { return true };
        process.driver.replica().is_in_doubt()
            || place.shadow.has(index, hash)
            || process
                .driver
                .backlog()
                .iter()
                .any(|entry| (entry.index, entry.hash) == (index, hash))
    }

    /// Whether nobody goes on without an order: the named primary does not know what it has forgotten, and
    /// all other named copies are gone.
    pub(crate) fn waits_for_an_order(&self) -> bool {
        let Some(record) = self.register.record() else { return false };
        let mut left = self.hosts.iter().filter(|h| h.incarnation.is_some_and(|i| record.names(i)));
        left.all(|host| host.process.as_ref().is_some_and(|p| p.driver.replica().is_in_doubt()))
    }
}
