//! Programs are upgraded one by one.

use understudy_protocol::Timing;

use crate::checks::whole::is_whole;
use crate::faults::fault::{Fault, Faults};
use crate::faults::options::options;
use crate::world::World;
use crate::world::clock::{MILLISECOND, SECOND};
use crate::world::id::HostId;

/// A step of a rolling upgrade.
#[derive(Clone, Copy)]
enum Step {
    /// This host is asked to leave.
    Leave(HostId),
    /// It comes back with another configuration.
    Start(HostId),
    /// The next one's turn is when the cluster is whole, or at this time.
    Wait(HostId, u64),
}

/// One replica after the other gets a new program: other limits and time-outs, and perhaps a
/// protocol version that the others refuse.
pub(crate) struct Upgrade;

impl Fault for Upgrade {
    fn name(&self) -> &'static str {
        "upgrade"
    }

    fn inject(&self, faults: &mut Faults, world: &mut World, _host: HostId) {
        if faults.upgrade.is_none() {
            let newest = world.hosts.iter().map(|host| host.version).max().unwrap_or(0);
            faults.upgrade = Some(newest + world.rng.u32(0..2));
            go_on(faults, world, Step::Leave(0));
        }
    }

    /// Whoever began an upgrade completes it.
    fn heal(&self, faults: &mut Faults, world: &mut World) {
        let newest = world.hosts.iter().map(|host| host.version).max().unwrap_or(0);
        for host in 0..world.hosts.len() {
            if world.hosts[host].version < newest {
                world.kill(host);
                renew(world, host, newest);
            }
        }
        faults.upgrade = None;
    }
}

fn go_on(faults: &mut Faults, world: &mut World, step: Step) {
    match step {
        Step::Leave(host) if host == world.hosts.len() => {
            faults.upgrade = None;
            world.counts.add("rolling upgrade completed");
        }
        Step::Leave(host) => {
            world.leave(host);
            later(faults, world, (200, 3500), Step::Start(host));
        }
        Step::Start(host) => {
            world.kill(host);
            renew(world, host, faults.upgrade.unwrap_or(0));
            world.power_on(host);
            world.start(host);
            let until = world.time + 5 * SECOND;
            later(faults, world, (100, 100), Step::Wait(host + 1, until));
        }
        Step::Wait(next, until) if is_whole(world) || world.time >= until => {
            go_on(faults, world, Step::Leave(next));
        }
        wait @ Step::Wait(..) => later(faults, world, (100, 100), wait),
    }
}

fn later(faults: &mut Faults, world: &mut World, span: (u64, u64), step: Step) {
    faults.later(world, span, move |faults, world| go_on(faults, world, step));
}

/// A new program on a host.
fn renew(world: &mut World, host: HostId, version: u32) {
    world.counts.add("replica upgraded");
    let mut options = options(&mut world.rng, world.options.hosts);
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
