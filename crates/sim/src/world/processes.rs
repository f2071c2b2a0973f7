//! What can be done to the world, by chance or by script.

use std::collections::VecDeque;

use understudy_protocol::{Member, Transition};
use understudy_wal::OpenError;
use understudy_wal::sim::SimDisk;

use crate::checks::shadow::Shadow;
use crate::checks::violation::Property;
use crate::clients::Told;
use crate::world::World;
use crate::world::clock::SECOND;
use crate::world::event::{Input, SimEvent};
use crate::world::host::{StartError, Waiter};
use crate::world::id::{HostId, Run};
use crate::world::net::{Frame, Node};

impl World {
    /// Starts the process of a host, unless it runs.
    pub fn start(&mut self, host: HostId) {
        if self.hosts[host].process.is_some() || !self.hosts[host].powered {
            return;
        }
        self.runs += 1;
        let (run, time, fresh) = (self.runs, self.time, self.rng.u128(..));
        let recovered = match self.hosts[host].start(run, time, fresh) {
            Ok(recovered) => recovered,
            // The disk is full, or fails: whoever starts processes tries again.
            Err(StartError::Open(OpenError::Io { what, source })) => {
                self.counts.add("start that failed");
                self.say(|| format!("host {host} does not start: cannot {what}: {source}"));
                self.hosts[host].disk.kill();
                return self.after(SECOND / 2, SimEvent::Start(host));
            }
            Err(error) => return self.on_damage(host, &error.to_string()),
        };
        self.counts.add("start");
        self.check_past(host);
        if self.hosts[host].rot.take().is_some() {
            self.counts.add("rot that did no harm");
        }
        if self.hosts[host].clock.drift != 0 {
            self.counts.add("life with a clock that drifts");
        }
        let place = &mut self.hosts[host];
        let name = place.name().to_owned();
        if place.incarnation != Some(recovered.incarnation) {
            place.incarnation = Some(recovered.incarnation);
            place.shadow = Shadow::default();
            place.epoch = 0;
        }
        place.known_commit = recovered.commit.max(recovered.state.commit);
        let found = Shadow::of(&recovered);
        let missing = place.shadow.missing_in(&found);
        place.shadow = found;
        if let Some(index) = missing {
            let explanation = format!("{name} has lost entry {index}, which was durable");
            self.fail(Property::DiskKeepsItsWord, explanation);
        }
        let (life, last) =
            (recovered.life, recovered.snapshot.position.index + recovered.entries.len() as u64);
        self.narrate(|| format!("{name}: life {life} begins, log ends at {last}"));
        self.drive(host, run);
    }

    /// kill -9: what was written stays, connections are reset.
    pub fn kill(&mut self, host: HostId) {
        if self.hosts[host].process.is_some() {
            self.counts.add("kill");
        }
        self.end_process(host, "killed".into());
    }

    /// kill -9 of everybody at once.
    pub fn kill_all(&mut self) {
        if self.hosts.iter().filter(|host| host.process.is_some()).count() > 1 {
            self.counts.add("all killed at once");
        }
        for host in 0..self.hosts.len() {
            self.kill(host);
        }
    }

    /// The machine loses power: what was not synced is lost, nobody hears of it.
    pub fn power_off(&mut self, host: HostId) {
        let name = self.name(host);
        self.say(|| format!("{name}: power off"));
        self.settle_last(host);
        if let Some(process) = self.hosts[host].process.take() {
            self.counts.add("power loss");
            for (id, end) in self.net.of(process.run) {
                if let Some(stream) = self.net.streams.get_mut(&id) {
                    stream.flight[end].clear();
                    stream.bytes[end] = 0;
                }
            }
            drop(process);
        }
        self.hosts[host].powered = false;
        let seed = self.rng.u64(..);
        self.hosts[host].disk.crash(seed);
    }

    /// Power comes back; the process is started by somebody else.
    pub fn power_on(&mut self, host: HostId) {
        self.hosts[host].powered = true;
    }

    /// The data directory is gone.
    pub fn wipe(&mut self, host: HostId) {
        self.kill(host);
        if self.hosts[host].incarnation.is_some() {
            self.counts.add("disk wiped");
        }
        self.blank(host);
    }

    /// A blank disk takes the place of the one that was there.
    pub(crate) fn blank(&mut self, host: HostId) {
        let name = self.name(host);
        self.say(|| format!("{name}: blank disk"));
        self.count_disk_faults(host);
        for (index, hash) in self.hosts[host].shadow.entries() {
            self.ahead.lose(index, hash);
        }
        let place = &mut self.hosts[host];
        place.disk = SimDisk::new();
        place.rot = None;
        place.incarnation = None;
        place.shadow = Shadow::default();
    }

    /// Adds what the disk of a host counted itself.
    pub(crate) fn count_disk_faults(&mut self, host: HostId) {
        let faults = self.hosts[host].disk.fault_counts();
        self.counts.more("failed sync", faults.failed_syncs);
        self.counts.more("unsynced write lost", faults.lost_writes);
        self.counts.more("unsynced write torn", faults.torn_writes);
        self.counts.more("write that found the disk full", faults.refused_writes);
    }

    /// The orchestrator ends a process and takes its disk at the primary's word, if that host still
    /// holds this copy (as a precondition on a pod's uid says), and starts it anew.
    pub(crate) fn evict(&mut self, by: HostId, member: &Member) {
        let (name, from) = (member.name.clone(), self.name(by));
        self.narrate(|| format!("{from}: evicts {name}"));
        let Some(host) = self.hosts.iter().position(|h| h.incarnation == Some(member.incarnation))
        else {
            return self.counts.add("eviction of a copy that is gone");
        };
        let named = self.register.record().is_some_and(|record| record.names(member.incarnation));
        if named && !self.may_halt {
            let explanation = format!("{from} evicts {name}, which the register names");
            return self.fail(Property::EvictionsSpareMembers, explanation);
        }
        self.counts.add("eviction");
        self.end_process(host, "evicted".into());
        self.blank(host);
        self.power_on(host);
        let delay = self.span((SECOND / 10, SECOND));
        self.after(delay, SimEvent::Start(host));
    }

    /// SIGSTOP.
    pub fn pause(&mut self, host: HostId) {
        let name = self.name(host);
        let mono = self.hosts[host].clock.read(self.time).mono;
        if let Some(process) = self.hosts[host].process.as_mut() {
            if !std::mem::replace(&mut process.paused, true) {
                process.paused_at = self.time;
                process.absence.begins(mono);
                self.counts.add("pause");
            }
            self.say(|| format!("{name}: paused"));
        }
    }

    /// SIGCONT: the time-outs and what has arrived meanwhile, in any order.
    pub fn resume(&mut self, host: HostId) {
        let name = self.name(host);
        let timeouts_first = self.rng.bool();
        let mono = self.hosts[host].clock.read(self.time).mono;
        let Some(process) = self.hosts[host].process.as_mut() else { return };
        if !std::mem::take(&mut process.paused) {
            return;
        }
        process.absence.ends(mono);
        let run = process.run;
        let long = self.time - process.paused_at >= self.hosts[host].config.timing.promote;
        if long {
            self.counts.add("pause beyond the time-out");
        }
        let Some(process) = self.hosts[host].process.as_mut() else { return };
        let inbox: VecDeque<Input> = std::mem::take(&mut process.inbox);
        self.say(|| format!("{name}: resumed"));
        if timeouts_first {
            self.wake(host, run);
        }
        for input in inbox {
            self.input(host, run, input);
        }
        if !timeouts_first {
            self.wake(host, run);
        }
    }

    /// SIGTERM.
    pub fn leave(&mut self, host: HostId) {
        let name = self.name(host);
        if let Some(run) = self.hosts[host].process.as_ref().map(|process| process.run) {
            self.counts.add("asked to leave");
            self.say(|| format!("{name}: asked to leave"));
            self.input(host, run, Input::Leave);
        }
    }

    /// Nothing gets from one node to the other any more.
    pub fn cut_link(&mut self, from: Node, to: Node) {
        self.say(|| format!("network: {from} -> {to} cut"));
        self.net.broken.insert((from, to));
    }

    /// Heals one link.
    pub fn heal_link(&mut self, from: Node, to: Node) {
        self.say(|| format!("network: {from} -> {to} healed"));
        self.net.broken.remove(&(from, to));
        self.release_held();
    }

    /// Heals all links.
    pub fn heal(&mut self) {
        self.say(|| "network: healed".into());
        self.net.broken.clear();
        self.release_held();
    }

    /// The replica ends its life: its process starts anew.
    pub(crate) fn end_life(&mut self, host: HostId, why: String) {
        let struck = self.hosts[host].disk.has_stopped();
        self.counts.add(if struck { "kill within a write" } else { "life that ended itself" });
        self.end_in_order(host, why);
        let delay = self.options.restart_delay;
        self.after(delay, SimEvent::Start(host));
    }

    /// The same, with a blank disk in the place of the one that is set aside.
    pub(crate) fn renew(&mut self, host: HostId, why: String) {
        self.counts.add("copy set aside after a crash");
        self.end_process(host, why);
        self.blank(host);
        let delay = self.options.restart_delay;
        self.after(delay, SimEvent::Start(host));
    }

    /// The same for one that ends by itself: what it has received is on its disk, and it says so.
    pub(crate) fn end_in_order(&mut self, host: HostId, why: String) {
        if self.receipts.may_count()
            && let Some(process) = self.hosts[host].process.as_mut()
        {
            process.closes = true;
        }
        self.end_process(host, why);
    }

    /// What a process has committed in the step with which it ends, and had executed before, is in no life's hands
    /// any more.
    fn settle_last(&mut self, host: HostId) {
        if let Some(run) = self.hosts[host].process.as_ref().map(|process| process.run) {
            self.settle_ahead(host, run);
        }
    }

    /// The process is gone: streams are reset, waiting clients hear that nobody knows.
    pub(crate) fn end_process(&mut self, host: HostId, why: String) {
        self.settle_last(host);
        let place = &mut self.hosts[host];
        let name = place.name().to_owned();
        let Some(mut process) = place.process.take() else { return };
        place.ended = Some(why.clone());
        let disk = place.disk.clone();
        self.narrate(|| format!("{name}: process ends: {why}"));
        for (id, end) in self.net.of(process.run) {
            if let Some(stream) = self.net.streams.get_mut(&id) {
                stream.ends[end].open = false;
            }
            self.reset(id, end);
        }
        let inbox = process.inbox.into_iter().filter_map(|input| match input {
            Input::Request(request) => Some((request.client, request.attempt)),
            _ => None,
        });
        let gathered =
            process.gathered.into_iter().map(|request| (request.client, request.attempt));
        let waiting = process.driver.abandon().into_iter().chain(process.driver.abandon_queue());
        let waiting = waiting.filter_map(|waiter| match waiter {
            Waiter::Client { client, attempt, .. } => Some((client, attempt)),
            Waiter::Nobody => None,
        });
        let lost: Vec<(u64, u64)> = waiting.chain(gathered).chain(inbox).collect();
        let last = process.driver.store().last();
        if process.closes && process.driver.close().is_ok_and(|closed| closed) {
            self.hosts[host].shadow.synced(last);
            disk.kill();
        } else if let Some(seed) = self.receipts.crash() {
            disk.crash(seed);
        } else {
            disk.kill();
        }
        for (client, attempt) in lost {
            self.tell(host, client, attempt, Told::Lost);
        }
    }

    fn reset(&mut self, id: u64, end: usize) {
        let arrival = self.time + self.net.delay.0;
        if let Some(stream) = self.net.streams.get_mut(&id) {
            let arrival = arrival.max(stream.last[end] + 1);
            stream.last[end] = arrival;
            stream.flight[end].push_back(Frame::Fin);
            self.queue.push(arrival, SimEvent::Frame(id, end));
        }
    }

    /// The replica stays up and does nothing any more.
    pub(crate) fn halt(&mut self, host: HostId, run: Run, why: String) {
        let name = self.name(host);
        if let Some(process) = self.hosts[host].running(run) {
            process.halted = Some(why.clone());
        }
        self.narrate(|| format!("{name}: HALT {why}"));
        if !self.may_halt {
            self.fail(Property::NoHalt, format!("{name} halts: {why}"));
        }
    }

    pub(crate) fn note_transition(&mut self, host: HostId, transition: &Transition) {
        let name = self.name(host);
        self.narrate(|| {
            let Transition { from, to, epoch, why, lasted } = transition;
            let lasted = *lasted as f64 / 1e9;
            format!("{name}: {from} ({lasted:.3} s) => {to} in epoch {epoch}: {why}")
        });
    }
}
