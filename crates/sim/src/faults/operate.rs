//! What people and orchestrators do on purpose: pods are evicted, programs upgraded one by one.

use understudy_protocol::Timing;

use crate::checks::whole::is_whole;
use crate::faults::Mend;
use crate::faults::mix;
use crate::swarm::Swarm;
use crate::world::World;
use crate::world::clock::{MILLISECOND, SECOND};
use crate::world::happening::HostId;

/// A step of a rolling upgrade.
#[derive(Clone, Copy)]
pub(crate) enum Upgrade {
    /// This host is asked to leave.
    Leave(HostId),
    /// It comes back with another configuration.
    Start(HostId),
    /// The next one's turn is when the cluster is whole, or at this time.
    Wait(HostId, u64),
}

impl Swarm {
    /// A pod is evicted: SIGTERM, a while of grace, SIGKILL; its disk goes with it or stays.
    pub(crate) fn evict(&mut self, world: &mut World, host: HostId) {
        world.leave(host);
        let wiped = world.rng.bool();
        self.later(world, (200, 3000), Mend::Evict(host, wiped));
    }

    pub(crate) fn grace_is_over(&mut self, world: &mut World, host: HostId, wiped: bool) {
        if wiped && world.is_spared(host) {
            world.counts.add("pod evicted with its disk");
            world.wipe(host);
        } else {
            world.counts.add("pod evicted, its disk stays");
            world.kill(host);
        }
        self.later(world, (1, 2000), Mend::Start(host));
    }

    /// One replica after the other gets a new program: other limits and time-outs, and perhaps a
    /// protocol version that the others refuse.
    pub(crate) fn begin_upgrade(&mut self, world: &mut World) {
        if self.version.is_none() {
            let newest = world.hosts.iter().map(|host| host.version).max().unwrap_or(0);
            self.version = Some(newest + world.rng.u32(0..2));
            self.go_on_upgrading(world, Upgrade::Leave(0));
        }
    }

    pub(crate) fn go_on_upgrading(&mut self, world: &mut World, step: Upgrade) {
        match step {
            Upgrade::Leave(host) if host == world.hosts.len() => {
                self.version = None;
                world.counts.add("rolling upgrade completed");
            }
            Upgrade::Leave(host) => {
                world.leave(host);
                self.later(world, (200, 3500), Mend::Upgrade(Upgrade::Start(host)));
            }
            Upgrade::Start(host) => {
                world.kill(host);
                renew(world, host, self.version.unwrap_or(0));
                world.power_on(host);
                world.start(host);
                let until = world.time + 5 * SECOND;
                self.later(world, (100, 100), Mend::Upgrade(Upgrade::Wait(host + 1, until)));
            }
            Upgrade::Wait(next, until) if is_whole(world) || world.time >= until => {
                self.go_on_upgrading(world, Upgrade::Leave(next));
            }
            wait @ Upgrade::Wait(..) => self.later(world, (100, 100), Mend::Upgrade(wait)),
        }
    }

    /// Whoever began an upgrade completes it.
    pub(crate) fn complete_upgrade(&mut self, world: &mut World) {
        let newest = world.hosts.iter().map(|host| host.version).max().unwrap_or(0);
        for host in 0..world.hosts.len() {
            if world.hosts[host].version < newest {
                world.kill(host);
                renew(world, host, newest);
            }
        }
        self.version = None;
    }
}

/// A new program on a host.
fn renew(world: &mut World, host: HostId, version: u32) {
    world.counts.add("replica upgraded");
    let mut options = mix::options(&mut world.rng, world.options.hosts);
    world.deferred.limit(&mut options.limits);
    let stretch = |world: &mut World, span: u64| span * world.rng.u64(70..=150) / 100;
    // Replicas' `drop` may differ by less than half (ADR 26), and clocks run apart.
    let drop = |world: &mut World, span: u64| span * world.rng.u64(80..=130) / 100;
    let old = Timing::default();
    let timing = Timing {
        heartbeat: stretch(world, old.heartbeat),
        drop: drop(world, old.drop),
        promote: stretch(world, old.promote),
        stall: stretch(world, old.stall),
        tick: world.rng.u64(10..=40) * MILLISECOND,
        ..world.hosts[host].config.timing
    };
    let place = &mut world.hosts[host];
    place.config.limits = options.limits;
    place.config.timing = timing;
    place.snapshot_bytes = options.snapshot_bytes;
    place.version = version;
}
