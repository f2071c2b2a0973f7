//! The operator who changes what backups execute, and the judgement that they do.

use understudy_protocol::BackupExecution;

use crate::checks::check::Check;
use crate::checks::violation::Property;
use crate::checks::whole::{BOUND, is_idle, is_whole, run_and_restart, states};
use crate::clients::Job;
use crate::faults::fault::FaultKinds;
use crate::world::World;
use crate::world::host::Host;

/// No entry weighs less.
const LEAST_WEIGHT: u64 = 64;

/// Lets an operator change what backups execute.
pub(crate) struct DeferredCheck;

impl Check for DeferredCheck {
    fn prepare(&self, world: &mut World, _faults: &mut FaultKinds) {
        world.prepare_deferred();
    }

    fn try_whole(&self, world: &mut World) {
        if world.deferred.enabled {
            expect_hot(world);
        }
    }
}

/// Backups that have executed nothing execute everything when they are told to.
fn expect_hot(world: &mut World) {
    let end = world.time + BOUND;
    if !run_and_restart(world, end, |world| world.over_backlog_limit().is_none())
        && world.violation.is_none()
    {
        let explanation = format!("a backup keeps too much: {}", states(world));
        return world.fail(Property::BoundedMemory, explanation);
    }
    world.count_backlogs();
    world.order_hot_backups();
    let end = world.time + BOUND;
    let done = run_and_restart(world, end, |world| is_idle(world) && is_whole(world));
    if !done && world.violation.is_none() {
        let explanation = format!("a backup does not execute again: {}", states(world));
        world.fail(Property::Progress, explanation);
    }
}

impl World {
    /// Before anything starts: what the cluster is born with, and who changes it.
    fn prepare_deferred(&mut self) {
        if !self.deferred.enabled {
            return;
        }
        let id = self.add_client();
        self.clients[id as usize].deadline = u64::MAX >> 1;
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
        if self.deferred.enabled && self.deferred.rng.u32(0..4) == 0 {
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
    fn over_backlog_limit(&self) -> Option<&str> {
        let is_over = |host: &&Host| {
            let limits = &host.config.limits;
            let most = limits.deferred_bytes.saturating_add(limits.window_bytes) as u64;
            backlog(host) * LEAST_WEIGHT > most
        };
        self.hosts.iter().find(is_over).map(Host::name)
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
