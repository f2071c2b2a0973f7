//! One log, which every machine executes alike, and the history that each of them makes of it.

use crate::checks::check::{Check, Done};
use crate::world::World;
use crate::world::id::HostId;

/// Compares what is executed with the one true log.
pub(crate) struct LedgerCheck;

impl Check for LedgerCheck {
    fn executed(&self, world: &mut World, done: &Done<'_>) {
        world.settle_ahead(done.host, done.run);
        if done.committed {
            let same = world.ledger.executed(done.name, done.entry);
            world.fail_on(same);
            let same = world.ledger.digest(done.name, done.entry.index, done.digest);
            world.fail_on(same);
        }
    }
}

/// Compares what machines tell of the past.
pub(crate) struct PastCheck;

impl Check for PastCheck {
    fn executed(&self, world: &mut World, done: &Done<'_>) {
        if !world.ahead.is_there()
            && let Some(machine) = world.hosts[done.host].machine()
        {
            world.past.note(machine);
        }
    }

    fn judge(&self, world: &mut World) {
        for host in 0..world.hosts.len() {
            world.check_past(host);
        }
    }
}

impl World {
    /// A machine must tell every revision that it keeps.
    pub(crate) fn check_past(&mut self, host: HostId) {
        let process = self.hosts[host].process.as_ref().filter(|_| !self.ahead.is_there());
        let Some(process) = process.filter(|process| !process.driver.is_absent()) else { return };
        let told = self.past.check(self.hosts[host].name(), process.driver.machine());
        self.fail_on(told);
        self.check_memory(host);
    }
}
