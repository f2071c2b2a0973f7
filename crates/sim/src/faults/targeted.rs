//! Faults that are injected at a bad moment: while a write of the register is under way, when replicated stores
//! lose data, or while clients rely on what only one copy holds.

use crate::world::World;
use crate::world::clock::{MILLISECOND, SECOND};
use crate::world::event::SimEvent;
use crate::world::event::TargetedFault::{
    self, Break, Cut, Fill, Free, Kill, Pause, Reconnect, Resume,
};
use crate::world::id::HostId;
use crate::world::net::{Node, REGISTER};

impl World {
    /// Perhaps injects a fault into a replica, often the writer itself, while the write that it has just asked
    /// for is under way.
    pub(crate) fn inject_during_write(&mut self, writer: HostId) {
        if !self.chance(self.targeted) {
            return;
        }
        let host = if self.rng.bool() { writer } else { self.rng.usize(0..self.hosts.len()) };
        let fault = [Kill, Break, Pause, Cut][self.rng.usize(0..4)];
        let landing = 2 * self.register.delay.1;
        let longest = if self.rng.bool() { landing } else { self.options.register_timeout };
        let delay = self.span((0, longest));
        self.counts.add("targeted fault while the register is written");
        self.after(delay, SimEvent::Inject(host, fault));
    }

    /// Perhaps injects a fault into the writer in the moment in which its write has landed, before it can know; if the
    /// write names a learner, for so long that this one can take its place.
    pub(crate) fn inject_at_landing(&mut self, writer: HostId, names_a_learner: bool) {
        if names_a_learner && self.chance(self.doubt) {
            self.counts.add("primary cut off as it names a learner");
            return self.depose(writer);
        }
        if self.chance(self.targeted) {
            let fault = [Kill, Pause, Cut][self.rng.usize(0..3)];
            self.counts.add("targeted fault while the register is written");
            self.inject(writer, fault);
        }
    }

    /// Perhaps the process dies while it cuts its log.
    pub(crate) fn inject_at_cut(&mut self, host: HostId) {
        if self.chance(self.cuts) {
            self.hosts[host].disk.stop_after(self.rng.u64(0..4));
            self.counts.add("kill within a cut of the log");
        }
    }

    /// It loses the other replicas and the register, and not its clients, until another one has stepped in.
    pub(crate) fn depose(&mut self, host: HostId) {
        let promote = self.hosts[host].config.timing.promote;
        let long = self.span((promote + SECOND / 2, promote + 2 * SECOND));
        self.links_of(host).into_iter().for_each(|(from, to)| self.cut_link(from, to));
        self.deposed_until = self.time + long;
        self.after(long, SimEvent::Inject(host, Reconnect));
    }

    fn fill_at_once(&mut self, host: HostId) {
        let disk = &self.hosts[host].disk;
        disk.set_copy_on_write(true);
        disk.set_shared(true);
        disk.set_capacity(Some(disk.used()));
        self.counts.add("disk filled at once");
    }

    /// To the other replicas and the register, both ways.
    fn links_of(&self, host: HostId) -> Vec<(Node, Node)> {
        let others = (0..self.hosts.len()).filter(|&other| other != host).chain([REGISTER]);
        others.flat_map(|other| [(host, other), (other, host)]).collect()
    }

    /// Injects a fault, or ends one.
    pub(crate) fn inject(&mut self, host: HostId, fault: TargetedFault) {
        let later = self.span((MILLISECOND, 4000 * MILLISECOND));
        let links = self.links_of(host);
        match fault {
            Resume => return self.resume(host),
            Reconnect => {
                return links.into_iter().for_each(|(from, to)| self.heal_link(from, to));
            }
            Free => return self.hosts[host].disk.set_capacity(None),
            _ => {}
        }
        let Some(run) = self.hosts[host].process.as_ref().map(|process| process.run) else {
            return;
        };
        match fault {
            Kill => {
                self.kill(host);
                self.after(later, SimEvent::Start(host));
            }
            Break => {
                let streams = self.net.of(run);
                streams.into_iter().for_each(|(stream, _)| self.break_stream(stream));
            }
            Pause => {
                self.pause(host);
                self.after(later, SimEvent::Inject(host, Resume));
            }
            Cut => {
                links.into_iter().for_each(|(from, to)| self.cut_link(from, to));
                self.after(later, SimEvent::Inject(host, Reconnect));
            }
            Fill if self.receipts.troubles() => {
                self.fill_at_once(host);
                self.after(later, SimEvent::Inject(host, Free));
            }
            Fill | Resume | Reconnect | Free => {}
        }
    }
}
