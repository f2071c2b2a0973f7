//! Disks that fill for good, after all faults are healed: one, and whoever has room goes on; or all, and what
//! frees room goes on.

use understudy_history::{Action, Condition};
use understudy_protocol::RoleName;

use crate::checks::check::Check;
use crate::checks::violation::Property;
use crate::checks::whole::{BOUND, is_idle, is_whole, run_and_restart, states};
use crate::clients::Job;
use crate::world::World;
use crate::world::clock::{MILLISECOND, SECOND};
use crate::world::id::HostId;

/// Writes, and how long each is: more than a segment and its spare have room for.
const WRITES: usize = 120;
const LENGTH: usize = 400;
/// How long one may take where somebody has room.
const PATIENCE: u64 = 6 * SECOND;

/// Fills disks of some worlds.
pub(crate) struct FullDisksCheck;

impl Check for FullDisksCheck {
    fn try_whole(&self, world: &mut World) {
        if !world.waits_for_an_order() && world.rng.u32(0..4) == 0 {
            world.expect_room_elsewhere();
        }
    }
}

impl World {
    /// Fills disks and sees who goes on.
    fn expect_room_elsewhere(&mut self) {
        // Where an operator tries bounds, a value may be too long for one.
        let Some(primary) = self.one_that_serves().filter(|_| !self.bounds.are_there()) else {
            return;
        };
        let others = self.hosts.len() - 1;
        match self.rng.u32(0..3) {
            0 => self.fill_one(primary, "full disk: the primary's"),
            1 => {
                let backup = (primary + 1 + self.rng.usize(0..others)) % self.hosts.len();
                self.fill_one(backup, "full disk: a backup's");
            }
            _ => self.fill_all(),
        }
        if self.violation.is_some() {
            return;
        }
        for host in 0..self.hosts.len() {
            self.hosts[host].disk.set_capacity(None);
        }
        let end = self.time + BOUND;
        if !run_and_restart(self, end, is_whole) && self.violation.is_none() {
            let explanation = format!("not whole though disks have room again: {}", states(self));
            self.fail(Property::FullDisksStopNobodyElse, explanation);
        }
    }

    /// The primary, where one copy is enough to go on.
    fn one_that_serves(&self) -> Option<HostId> {
        (0..self.hosts.len()).find(|&host| {
            self.hosts[host].process.as_ref().is_some_and(|process| {
                let status = process.driver.replica().status();
                status.role == RoleName::Primary && status.settings.min_copies == 1
            })
        })
    }

    fn fill(&mut self, host: HostId) {
        let disk = &self.hosts[host].disk;
        // One that copies on write promises less.
        disk.set_copy_on_write(false);
        disk.set_shared(false);
        disk.set_capacity(Some(disk.used()));
    }

    fn fill_one(&mut self, host: HostId, what: &'static str) {
        self.counts.add(what);
        self.say(|| format!("---- {what} for good ----"));
        self.fill(host);
        let puts = (0..WRITES).map(put);
        self.expect_answers(puts.collect(), PATIENCE);
    }

    fn fill_all(&mut self) {
        self.counts.add("full disk: everybody's");
        self.say(|| "---- every disk is full for good ----".into());
        for host in 0..self.hosts.len() {
            self.fill(host);
        }
        let id = self.newcomer(SECOND / 10);
        for number in 0..WRITES {
            self.order(id, Job::Action(put(number)));
        }
        let end = self.time + BOUND;
        run_and_restart(self, end, is_idle);
        let deletes = (0..WRITES / 4)
            .map(|number| Action::Delete { key: key(number), condition: Condition::Always });
        self.expect_answers(deletes.collect(), PATIENCE);
    }

    fn newcomer(&mut self, deadline: u64) -> u64 {
        let id = self.add_client();
        let client = &mut self.clients[id as usize];
        (client.deadline, client.patience) = (deadline, 300 * MILLISECOND);
        id
    }

    fn expect_answers(&mut self, actions: Vec<Action>, patience: u64) {
        if self.violation.is_some() {
            return;
        }
        let id = self.newcomer(patience);
        for action in actions {
            self.order(id, Job::Action(action));
        }
        let end = self.time + 2 * BOUND;
        let done = run_and_restart(self, end, is_idle);
        let mut mine = self.history.iter().filter(|operation| operation.client == id);
        if self.violation.is_none() && (!done || mine.any(|o| o.answer().is_none())) {
            let explanation = format!("a client gets no answers: {}", states(self));
            self.fail(Property::FullDisksStopNobodyElse, explanation);
        }
    }
}

fn key(number: usize) -> String {
    format!("full{}", number % 20)
}

fn put(number: usize) -> Action {
    Action::Put {
        key: key(number),
        value: format!("{number:-<LENGTH$}"),
        condition: Condition::Always,
        want_previous: false,
    }
}
