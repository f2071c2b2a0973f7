//! What each fault does, and what ends it.

pub(crate) mod mix;
pub(crate) mod operate;
pub(crate) mod rot;
pub(crate) mod strike;
pub(crate) mod tamper;
pub(crate) mod theme;

use crate::clients::Job;
use crate::faults::mix::Fault;
use crate::faults::operate::Upgrade;
use crate::swarm::Swarm;
use crate::world::World;
use crate::world::clock::{MILLISECOND, SECOND};
use crate::world::happening::HostId;
use crate::world::host::SLOW;
use crate::world::net::{CLIENTS, REGISTER};

/// What ends a fault.
pub(crate) enum Mend {
    Start(HostId),
    PowerOn(HostId),
    Resume(HostId),
    Link(usize, usize),
    RegisterUp,
    RegisterFast,
    FastDisk(HostId),
    Room(HostId),
    WideLine(HostId),
    Verify(HostId),
    /// A pod's grace is over: its process is killed, its disk goes or stays.
    Evict(HostId, bool),
    Upgrade(Upgrade),
}

impl Swarm {
    pub(crate) fn later(&mut self, world: &mut World, span: (u64, u64), mend: Mend) {
        let time = world.time + world.span((span.0 * MILLISECOND, span.1 * MILLISECOND));
        self.mends.entry(time).or_default().push(mend);
    }

    pub(crate) fn inflict(&mut self, world: &mut World, fault: Fault) {
        let host = world.rng.usize(0..world.hosts.len());
        match fault {
            Fault::Kill => {
                world.kill(host);
                self.later(world, (1, 1500), Mend::Start(host));
            }
            Fault::KillWithinStep => {
                world.armed = Some((host, world.rng.u32(0..12)));
                // It may die at any time until then, and is started in any case.
                self.later(world, (200, 1500), Mend::Start(host));
            }
            Fault::KillAll => {
                world.kill_all();
                for host in 0..world.hosts.len() {
                    self.later(world, (1, 1000), Mend::Start(host));
                }
            }
            Fault::PowerLoss => {
                world.power_off(host);
                self.later(world, (10, 2000), Mend::PowerOn(host));
            }
            Fault::Pause => {
                world.pause(host);
                let longest = if world.rng.bool() { 500 } else { 5000 };
                self.later(world, (1, longest), Mend::Resume(host));
            }
            Fault::Wipe => self.wipe(world, host),
            Fault::Rot => self.rot(world, host),
            Fault::Evict => self.evict(world, host),
            Fault::Upgrade => self.begin_upgrade(world),
            Fault::Leave => {
                world.leave(host);
                self.later(world, (300, 3000), Mend::Start(host));
            }
            Fault::HandOver => {
                let client = world.rng.u64(0..world.clients.len() as u64);
                world.order(client, Job::HandOver);
            }
            Fault::BreakStream => {
                let streams: Vec<u64> = world.net.streams.keys().copied().collect();
                if !streams.is_empty() {
                    let stream = streams[world.rng.usize(0..streams.len())];
                    match world.rng.bool() {
                        true => world.break_stream(stream),
                        false => world.sever(stream),
                    }
                }
            }
            Fault::ClockJump => {
                let jump = world.rng.i64(-3_600_000..3_600_000) * MILLISECOND.cast_signed();
                let old = std::mem::replace(&mut world.hosts[host].clock.jump, jump);
                if world.hosts[host].process.is_some() {
                    let back = jump < old;
                    world.counts.add(if back {
                        "wall clock set back"
                    } else {
                        "wall clock set forward"
                    });
                }
            }
            Fault::ClockDrift => {
                let drift = world.rng.i64(-50_000..=50_000);
                world.hosts[host].clock.set_drift(world.time, drift);
                if world.hosts[host].process.is_some() {
                    world.counts.add("monotonic clock that changes its pace");
                }
            }
            Fault::SlowDisk => {
                let delay = (SLOW, SECOND);
                world.hosts[host].sync_delay = delay;
                world.hosts[host].state_delay = delay;
                self.later(world, (100, 3000), Mend::FastDisk(host));
            }
            Fault::NarrowLine => {
                world.hosts[host].bandwidth = Some(world.rng.u64(10_000..200_000));
                world.counts.add("narrow line");
                self.later(world, (100, 5000), Mend::WideLine(host));
            }
            Fault::FullDisk => {
                let disk = &world.hosts[host].disk;
                // Somebody else takes all of it at once, or some room is left.
                let free = if world.rng.bool() { 0 } else { world.rng.u64(0..20_000) };
                disk.set_copy_on_write(world.rng.bool());
                disk.set_capacity(Some(disk.used() + free));
                // On half of them somebody else takes what is given up.
                disk.set_shared(free.is_multiple_of(2));
                self.later(world, (100, 3000), Mend::Room(host));
            }
            Fault::FailedSync => world.hosts[host].disk.fail_sync_after(world.rng.u64(0..4)),
            Fault::KillWithinWrite => {
                // Every operation behind it fails, so that the life ends there.
                world.hosts[host].disk.stop_after(world.rng.u64(0..30));
            }
            network => self.inflict_on_wires(world, host, network),
        }
    }

    fn inflict_on_wires(&mut self, world: &mut World, host: HostId, fault: Fault) {
        match fault {
            Fault::CutOneWay => {
                let mut nodes: Vec<usize> = (0..world.hosts.len()).collect();
                nodes.extend((0..world.clients.len()).map(|client| CLIENTS + client));
                nodes.push(REGISTER);
                let other = nodes[world.rng.usize(0..nodes.len())];
                let (from, to) = if world.rng.bool() { (host, other) } else { (other, host) };
                if from != to {
                    world.counts.add("one-way partition");
                    world.cut_link(from, to);
                    self.later(world, (50, 3000), Mend::Link(from, to));
                }
            }
            Fault::Isolate => {
                let with_register = world.rng.bool();
                let others: Vec<usize> = (0..world.hosts.len())
                    .filter(|&other| other != host)
                    .chain(with_register.then_some(REGISTER))
                    .collect();
                world.counts.add("isolation");
                for other in others {
                    world.cut_link(host, other);
                    world.cut_link(other, host);
                    self.later(world, (50, 3000), Mend::Link(host, other));
                    self.later(world, (50, 3000), Mend::Link(other, host));
                }
            }
            Fault::Depose => {
                let primary = (0..world.hosts.len()).find(|&host| world.serves(host).is_some());
                if let Some(primary) = primary {
                    world.counts.add("primary cut off from the others");
                    world.depose(primary);
                }
            }
            Fault::RegisterDown => {
                world.say(|| "register: down".into());
                world.register.down = true;
                world.counts.add("register outage");
                self.later(world, (50, 4000), Mend::RegisterUp);
            }
            Fault::RegisterSlow => {
                world.counts.add("register slow");
                world.register.delay = (100 * MILLISECOND, 1500 * MILLISECOND);
                self.later(world, (100, 3000), Mend::RegisterFast);
            }
            Fault::RegisterEdit => {
                world.say(|| "register: a label is edited".into());
                world.register.edit();
                world.counts.add("foreign edit of the register");
            }
            _ => {}
        }
    }

    /// A copy may go only while another named one exists that nobody takes away.
    pub(crate) fn wipe(&mut self, world: &mut World, host: HostId) {
        if world.is_spared(host) {
            world.wipe(host);
            // Perhaps a new process has its place before anybody has noticed.
            let longest = if world.rng.bool() { 20 } else { 1500 };
            self.later(world, (1, longest), Mend::Start(host));
        }
    }

    /// A byte flips: in a replica that is down, or in one that runs and is verified some day.
    fn rot(&mut self, world: &mut World, host: HostId) {
        if world.rng.bool() {
            world.kill(host);
            self.later(world, (1, 1000), Mend::Start(host));
        }
        world.rot(host);
        self.later(world, (100, 4000), Mend::Verify(host));
        // A blank one wants everything, and so somebody reads what has rotted.
        let other = world.rng.usize(0..world.hosts.len());
        if other != host && world.hosts[host].rot.is_some() {
            self.wipe(world, other);
        }
    }
}

impl Swarm {
    /// Ends a fault, or goes on with one.
    pub(crate) fn apply(&mut self, world: &mut World, mend: &Mend) {
        match *mend {
            Mend::Evict(host, wiped) => self.grace_is_over(world, host, wiped),
            Mend::Upgrade(step) => self.go_on_upgrading(world, step),
            _ => apply(world, mend),
        }
    }
}

/// Ends a fault that ends at once.
fn apply(world: &mut World, mend: &Mend) {
    match *mend {
        Mend::Start(host) => world.start(host),
        Mend::PowerOn(host) => {
            world.power_on(host);
            world.start(host);
        }
        Mend::Resume(host) => world.resume(host),
        Mend::Link(from, to) => world.mend_link(from, to),
        Mend::RegisterUp => {
            world.say(|| "register: up".into());
            world.register.down = false;
        }
        Mend::RegisterFast => world.register.delay = world.options.register_delay,
        Mend::Room(host) => world.hosts[host].disk.set_capacity(None),
        Mend::FastDisk(host) => {
            world.hosts[host].sync_delay = world.options.sync_delay;
            world.hosts[host].state_delay = world.options.state_delay;
        }
        Mend::WideLine(host) => world.widen(host),
        Mend::Verify(host) => world.verify(host),
        Mend::Evict(..) | Mend::Upgrade(_) => {}
    }
}
