//! Safety, after every event.

use understudy_protocol::{Execution, Record, RoleName, Status};

use crate::checks::check::Check;
use crate::checks::violation::{Property, Violation};
use crate::world::World;
use crate::world::id::{HostId, Run};

/// Looks at the copies that the register names.
pub(crate) struct MembersCheck;

impl Check for MembersCheck {
    fn after_event(&self, world: &mut World) {
        world.watch_members();
    }
}

impl World {
    /// What one replica says of itself must make sense.
    pub(crate) fn watch(&mut self, host: HostId, run: Run) {
        let Some(process) = self.hosts[host].running(run) else { return };
        let status = process.driver.replica().status();
        let asynchronous = process.driver.executed().settings.execution == Execution::Async;
        let waiting = process.driver.waiting();
        process.members = status.members.len();
        let name = self.name(host);
        let ordered = pointers(&name, &status, asynchronous && !follows(&status));
        self.fail_on(ordered);
        self.settle_ahead(host, run);
        if status.epoch < self.hosts[host].epoch {
            let known = self.hosts[host].epoch;
            let explanation = format!("{name} goes from epoch {known} to {}", status.epoch);
            self.fail(Property::EpochsNeverGoBack, explanation);
        }
        self.hosts[host].epoch = status.epoch;
        if acts(&status) {
            let alone = self.ledger.acts(status.epoch, &name, (host, run));
            self.fail_on(alone);
        }
        let limits = self.hosts[host].config.limits;
        // A client tries again while its earlier tries still wait, so often at most in one operation.
        let bound = limits.tail_entries + 64 * self.clients.len() + 16;
        if waiting > bound {
            let explanation = format!("{waiting} requests wait at {name}");
            self.fail(Property::BoundedMemory, explanation);
        }
        let tail = (status.last - status.commit) as usize;
        // One that opens its epoch has whatever the last term left, and its settings come on top.
        if status.role == RoleName::Primary && tail > limits.tail_entries + 1 {
            let explanation = format!("{name} has {tail} entries that are not committed");
            self.fail(Property::BoundedMemory, explanation);
        }
    }

    /// Every named copy that exists holds everything that was promised.
    fn watch_members(&mut self) {
        if self.may_halt {
            return;
        }
        let (Some((index, hash)), Some(record)) = (self.ledger.promised(), self.register.record())
        else {
            return;
        };
        for member in &record.members {
            let copy = self.hosts.iter().position(|h| h.incarnation == Some(member.incarnation));
            if let Some(at) = copy
                && let host = &self.hosts[at]
                && !host.shadow.holds(index, hash)
                && !(self.receipts.may_count() && self.remembers(at, index, hash))
            {
                let explanation = format!(
                    "{} is named in epoch {} and lacks entry {index}, which was acknowledged; it has {}",
                    host.name(),
                    record.epoch,
                    host.shadow.durable()
                );
                return self.fail(Property::NamedMembersHoldAll, explanation);
            }
        }
    }

    /// A record in short: the primary's name first.
    pub fn describe(&self, record: &Record) -> String {
        let name = |incarnation| {
            let copy = self.hosts.iter().find(|host| host.incarnation == Some(incarnation));
            copy.map_or("(gone)", |host| host.name()).to_owned()
        };
        let members: Vec<String> =
            record.members.iter().map(|member| name(member.incarnation)).collect();
        format!(
            "epoch {}: primary {}, members {}, floor {}",
            record.epoch,
            name(record.primary),
            members.join(" "),
            record.floor
        )
    }
}

/// Whether a replica acts as primary.
pub fn acts(status: &Status) -> bool {
    status.role.acts()
}

/// Whether a replica executes what it is told is committed, and no more.
fn follows(status: &Status) -> bool {
    !acts(status) && status.role != RoleName::Halted
}

fn pointers(name: &str, status: &Status, ahead: bool) -> Result<(), Violation> {
    let Status { last, durable, commit, applied, snapshot, .. } = *status;
    let bound = if ahead { durable } else { commit };
    if applied <= bound && commit <= durable && durable <= last && snapshot <= commit {
        return Ok(());
    }
    let explanation = format!(
        "{name} ({}): applied {applied}, commit {commit}, durable {durable}, last {last}, snapshot {snapshot}",
        status.role
    );
    Err(Violation { property: Property::Pointers, explanation })
}
