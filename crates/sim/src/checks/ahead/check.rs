//! The client that changes the mode, and the judgement of what was told and lost.

use understudy_machine::Put;
use understudy_protocol::{Entry, Execution, Index, Kind};

use crate::checks::ahead::requires_commit;
use crate::checks::check::{Check, Done, Ended};
use crate::checks::violation::{Property, Violation};
use crate::clients::Job;
use crate::faults::fault::FaultKinds;
use crate::world::World;
use crate::world::clock::{MILLISECOND, SECOND};
use crate::world::event::SimEvent;
use crate::world::event::TargetedFault;
use crate::world::host::Waiter;
use crate::world::id::{HostId, Run};

/// Lets somebody change the mode, and looks for what was lost.
pub(crate) struct AheadCheck;

impl Check for AheadCheck {
    fn prepare(&self, world: &mut World, _faults: &mut FaultKinds) {
        world.prepare_ahead();
    }

    fn executed(&self, world: &mut World, done: &Done<'_>) {
        if !done.committed {
            world.executed_ahead(done.host, done.run, done.entry, done.digest);
        } else if done.entry.kind == Kind::Open {
            world.ahead.opened(done.entry.epoch, world.time);
        }
    }

    fn ended(&self, world: &mut World, ended: &Ended<'_>) -> Option<u64> {
        world.next_mode(ended.client)
    }

    /// The mode stays from here on.
    fn rest(&self, world: &mut World) {
        world.ahead.operator = 0;
    }

    fn judge_whole(&self, world: &mut World) {
        world.judge_ahead();
    }
}

impl World {
    /// Somebody changes the mode now and then.
    fn prepare_ahead(&mut self) {
        if self.ahead.enabled {
            let id = self.add_client();
            self.ahead.operator = id;
            self.order(id, Job::Rest);
            self.ahead.loyal = id + 1..id + 1 + self.hosts.len() as u64;
            for host in 0..self.hosts.len() {
                let loyal = self.add_client();
                let client = &mut self.clients[loyal as usize];
                (client.pinned, client.target) = (Some(host), host);
                self.order(loyal, Job::Rest);
            }
        }
    }

    /// What the client that changes the mode does next, or one of those that write at one replica alone,
    /// and after which pause.
    fn next_mode(&mut self, client: u64) -> Option<u64> {
        if !self.ahead.enabled || self.ahead.operator == 0 {
            return None;
        }
        if self.ahead.loyal.contains(&client) {
            let put = Put::new(format!("loyal/{client}"), "v");
            self.clients[client as usize].queue.push_back(Job::Operate(put.into()));
            return Some(self.ahead.rng.u64(5 * MILLISECOND..100 * MILLISECOND));
        }
        // A change of settings must not be lost: where the primary is cut off, nothing would be answered after it.
        if client != self.ahead.operator || self.ahead.isolates {
            return None;
        }
        let settings = self.ahead.draw(self.options.settings);
        self.clients[client as usize].queue.push_back(Job::Settle(settings));
        Some(self.ahead.rng.u64(100 * MILLISECOND..2 * SECOND))
    }

    /// What was executed ahead and is committed now is as good as any.
    pub(crate) fn settle_ahead(&mut self, host: HostId, run: Run) {
        let name = self.name(host);
        while let Some(process) = self.hosts[host].running(run)
            && let Some((entry, _)) = process.early.front()
            && entry.index <= process.driver.replica().commit()
            && let Some((entry, digest)) = process.early.pop_front()
        {
            let executed = self.ledger.executed(&name, &entry);
            self.fail_on(executed);
            let same = self.ledger.digest(&name, entry.index, digest);
            self.fail_on(same);
        }
    }

    /// An entry is executed before it is committed: only in `async` mode, and within its bounds.
    fn executed_ahead(&mut self, host: HostId, run: Run, entry: &Entry, digest: u64) {
        let Some(process) = self.hosts[host].running(run) else { return };
        process.early.push_back((entry.clone(), digest));
        let settings = process.driver.executed().settings;
        let bytes: usize = process.early.iter().map(|(entry, _)| entry.weight()).sum();
        let name = self.name(host);
        let index = entry.index;
        let wrong = if settings.execution != Execution::Async {
            format!("{name} executes entry {index} ahead of its commit, in sync mode")
        } else if entry.kind == Kind::Settings || requires_commit(entry) {
            format!("{name} executes entry {index} ahead of its commit, and it must not be lost")
        } else if bytes as u64 > settings.max_tail_bytes {
            format!("{name} has executed {bytes} bytes ahead of their commit")
        } else {
            return self.counts.add("executed ahead of the commit");
        };
        self.fail(Property::AheadWithinBounds, wrong);
    }

    /// A client is answered before the commit: perhaps the only copy is cut off right then, and dies, or
    /// is stopped for so long that another takes its place.
    pub(crate) fn told_ahead(&mut self, host: HostId, entry: &Entry, waiter: &Waiter) {
        let (epoch, opened) = self.ahead.opened;
        if let Waiter::Client { sent, .. } = waiter
            && *sent > opened
            && epoch > entry.epoch
        {
            let late = *sent - opened;
            let explanation = format!(
                "{} answers, ahead of its commit, for what was sent {late} ns after its successor in epoch {epoch} served",
                self.name(host)
            );
            self.fail(Property::NothingAheadOfASuccessor, explanation);
        }
        if self.ahead.isolates && self.ahead.operator > 0 {
            if self.ahead.rng.u32(0..400) == 0 {
                self.depose(host);
            }
        } else if self.ahead.rng.u32(0..200) == 0 && self.ahead.operator > 0 {
            let fault =
                if self.ahead.rng.bool() { TargetedFault::Cut } else { TargetedFault::Pause };
            self.inject(host, fault);
            if self.ahead.rng.bool() {
                let delay = self.ahead.rng.u64(0..300 * MILLISECOND);
                self.after(delay, SimEvent::Inject(host, TargetedFault::Kill));
            }
        }
        self.counts.add("answer ahead of the commit");
        self.ahead.told.insert((entry.index, entry.hash));
    }

    /// A tail is set aside; `cut`: because another primary has gone on without it. Then nothing of it
    /// is committed, where a member cuts. (It may be in the end, if a third copy holds it and wins; and
    /// a spare may follow a primary that is deposed.)
    pub(crate) fn noted_aside(&mut self, host: HostId, entries: &[Entry], cut: bool) {
        if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
            let name = self.name(host);
            self.narrate(|| format!("{name} sets aside entries {} to {}", first.index, last.index));
        }
        self.ahead.aside.extend(entries.iter().map(|entry| (entry.index, entry.hash)));
        let known = |entry: &&Entry| self.ledger.hash(entry.index) == Some(entry.hash);
        let member = self.hosts[host]
            .incarnation
            .is_some_and(|copy| self.register.record().is_some_and(|record| record.names(copy)));
        if let Some(entry) = entries.iter().find(known).filter(|_| cut && member) {
            let explanation = format!("entry {} is set aside and is committed", entry.index);
            self.fail(Property::LostIsSetAside, explanation);
        }
    }

    /// Everybody is of one log again.
    pub(crate) fn judge_ahead(&mut self) {
        if !self.ahead.there {
            return;
        }
        let lost = |entry: &&(Index, u64)| self.ledger.hash(entry.0) != Some(entry.1);
        let lost = self.ahead.told.iter().filter(lost).count();
        self.counts.more("acknowledged entry lost", lost as u64);
        let judged = self.ahead.judge(|index| self.ledger.hash(index));
        self.fail_on(
            judged.map_err(|explanation| Violation {
                property: Property::LostIsSetAside,
                explanation,
            }),
        );
    }
}
