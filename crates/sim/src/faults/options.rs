//! The limits and delays that a seed draws.

use fastrand::Rng;
use understudy_protocol::{Limits, Settings, Timing};

use crate::world::Options;
use crate::world::clock::{MILLISECOND, SECOND};

/// Limits and delays.
pub(crate) fn options(rng: &mut Rng, hosts: usize) -> Options {
    let sync_delay = (50_000, pick(rng, &[200, 200, 1000, 2000, 20_000]) * 1000);
    Options {
        limits: Limits {
            message_bytes: pick(rng, &[256, 4096, 1 << 20]) as usize,
            flight_bytes: pick(rng, &[1024, 64 << 10, 16 << 20]) as usize,
            tail_bytes: 1 << 20,
            tail_entries: pick(rng, &[8, 64, 65_536]) as usize,
            window_bytes: pick(rng, &[0, 2048, 32 << 20]) as usize,
            part_bytes: pick(rng, &[256, 4096, 1 << 20]) as usize,
            caught_up: pick(rng, &[1, 16, 4096]),
            retain: pick(rng, &[0, 50, 100_000]),
            // Of a copy: what follows is drawn as it always was.
            retain_bytes: pick(&mut rng.clone(), &[0, 4096, 128 << 20]),
            batch_bytes: usize::MAX,
            batch_entries: usize::MAX,
            deferred_bytes: usize::MAX,
        },
        settings: Settings {
            sync_backups: if hosts == 3 && rng.bool() { 2 } else { 1 },
            ..Settings::default()
        },
        net_delay: (50_000, pick(rng, &[200, 200, 1000, 2000, 20_000]) * 1000),
        register_delay: (MILLISECOND, pick(rng, &[2, 20, 150]) * MILLISECOND),
        sync_delay,
        state_delay: sync_delay,
        timing: Timing {
            evict: [None, Some(SECOND / 4), Some(SECOND), Some(3 * SECOND)][rng.usize(0..4)],
            ..Timing::default()
        },
        snapshot_bytes: pick(rng, &[2_000, 10_000, 10_000_000]),
        ..Options::default()
    }
}

pub(crate) fn pick(rng: &mut Rng, from: &[u64]) -> u64 {
    from[rng.usize(0..from.len())]
}
