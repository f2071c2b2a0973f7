//! Backups that execute nothing until they are promoted, or are told to execute again.
//!
//! Only some worlds have them; the others are what they were without. In these a machine also needs time
//! for each of its batches, and the batches are small: much happens while a backlog is executed.

use understudy_protocol::{BackupExecution, Limits};

use crate::checks::Check;
use crate::checks::violation::Property;
use crate::checks::whole::{BOUND, is_idle, is_whole, run_and_restart, states};
use crate::clients::{Client, Job};
use crate::faults::mix::Mix;
use crate::faults::theme::Theme;
use crate::world::World;
use crate::world::clock::MILLISECOND;
use crate::world::host::Host;

/// No entry weighs less.
const LEAST_WEIGHT: u64 = 64;

/// What backups execute, and when it changes.
pub struct Deferred {
    rng: fastrand::Rng,
    /// Whether this world has any of it.
    wanted: bool,
    /// The limits of every replica that concern it.
    limits: Limits,
    /// The longest time that a machine needs for a batch, nanoseconds.
    longest: u64,
    /// The client that changes the settings.
    operator: u64,
}

impl Deferred {
    pub fn new(seed: u64, theme: Option<Theme>) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0xdefe);
        let rehearsed = theme == Some(Theme::DeferredBackups);
        let wanted = rng.u32(0..8) == 0 || rehearsed;
        let mut limits = Limits {
            batch_bytes: [1, 500, 1 << 20][rng.usize(0..3)],
            batch_entries: [1, 3, 50, 1024][rng.usize(0..4)],
            deferred_bytes: [2048, 20_000, usize::MAX, usize::MAX][rng.usize(0..4)],
            ..Limits::default()
        };
        let mut longest = [0, 1, 4][rng.usize(0..3)] * MILLISECOND;
        // A new primary needs its time for what it has to execute.
        if rehearsed {
            (limits.batch_entries, limits.deferred_bytes) = (3, usize::MAX);
            longest = 4 * MILLISECOND;
        }
        Deferred { rng, wanted, limits, longest, operator: 0 }
    }

    /// Whether this world has any of it.
    pub fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// What a replica has of these limits, also after its program was changed.
    pub fn limit(&self, limits: &mut Limits) {
        if self.wanted {
            let Limits { batch_bytes, batch_entries, deferred_bytes, .. } = self.limits;
            *limits = Limits { batch_bytes, batch_entries, deferred_bytes, ..*limits };
        }
    }

    /// How long a machine needs for the batch that it was given.
    pub fn takes(&mut self) -> Option<u64> {
        (self.wanted && self.longest > 0).then(|| self.rng.u64(0..=self.longest))
    }
}

/// Lets an operator change what backups execute.
pub(crate) struct DeferredCheck;

impl Check for DeferredCheck {
    fn prepare(&self, world: &mut World, _mix: &mut Mix) {
        world.prepare_deferred();
    }

    fn try_whole(&self, world: &mut World) {
        if world.deferred.wanted {
            expect_hot(world);
        }
    }
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

impl World {
    /// Before anything starts: what the cluster is born with, and who changes it.
    fn prepare_deferred(&mut self) {
        if !self.deferred.wanted {
            return;
        }
        let id = self.clients.len() as u64;
        self.clients.push(Client { deadline: u64::MAX >> 1, ..Client::new(id, None) });
        self.deferred.operator = id;
        let born = match self.deferred.rng.bool() {
            true => BackupExecution::Deferred,
            false => BackupExecution::Hot,
        };
        self.options.settings.backup_execution = born;
        for host in &mut self.hosts {
            self.deferred.limit(&mut host.config.limits);
            host.config.settings.backup_execution = born;
        }
    }

    /// Now and then the operator changes what backups execute.
    pub(crate) fn switch_backups(&mut self) {
        if self.deferred.wanted && self.deferred.rng.u32(0..4) == 0 {
            let execution = match self.deferred.rng.u32(0..3) {
                0 => BackupExecution::Hot,
                _ => BackupExecution::Deferred,
            };
            self.set_backups(execution);
        }
    }

    fn set_backups(&mut self, backup_execution: BackupExecution) {
        self.options.settings.backup_execution = backup_execution;
        self.counts.add(match backup_execution {
            BackupExecution::Hot => "backups told to execute",
            BackupExecution::Deferred => "backups told to defer",
        });
        self.order(self.deferred.operator, Job::Settle(self.options.settings));
    }

    /// The last order of all, in every world that has any of it: all backups are to execute.
    fn order_hot_backups(&mut self) {
        self.set_backups(BackupExecution::Hot);
    }

    /// The name of a replica that keeps more for later than it may.
    fn hoarder(&self) -> Option<&str> {
        let hoards = |host: &&Host| {
            let limits = &host.config.limits;
            let most = limits.deferred_bytes.saturating_add(limits.window_bytes) as u64;
            backlog(host) * LEAST_WEIGHT > most
        };
        self.hosts.iter().find(hoards).map(Host::name)
    }

    fn count_backlogs(&mut self) {
        let backlogs = self.hosts.iter().filter(|host| backlog(host) > 0).count();
        self.counts.more("backlog at rest", backlogs as u64);
    }
}

/// Entries that are committed here and not executed.
fn backlog(host: &Host) -> u64 {
    host.process.as_ref().map_or(0, |process| {
        let status = process.driver.replica().status();
        status.commit - status.applied
    })
}
