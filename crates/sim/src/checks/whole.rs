//! Whether a cluster is whole: it serves, in full strength, and all have executed everything.

use understudy_protocol::{BackupExecution, RoleName};

use crate::checks::watch::acts;
use crate::world::World;
use crate::world::clock::SECOND;
use crate::world::host::Process;

/// After the faults, the cluster must be whole again within this time, nanoseconds.
pub(crate) const BOUND: u64 = 60 * SECOND;

pub(crate) fn is_idle(world: &World) -> bool {
    world.clients.iter().all(|client| client.ongoing.is_none() && client.queue.is_empty())
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
/// everything, but for backups that only have to know that it is committed. Nobody has anything left to do: a
/// replica says at once that a snapshot has taken its log's place, and sets its tail aside then.
pub(crate) fn is_whole(world: &World) -> bool {
    let wanted = world.hosts.len().min(1 + world.options.settings.sync_backups as usize);
    let Some(record) = world.register.record() else { return false };
    let at_rest = |process: &&Process| !process.paused && !process.driver.is_busy();
    let statuses = world.hosts.iter().map(|host| {
        host.process.as_ref().filter(at_rest).map(|process| process.driver.replica().status())
    });
    let Some(statuses) = statuses.collect::<Option<Vec<_>>>() else { return false };
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
pub(crate) fn nobody_left(world: &World) -> bool {
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
