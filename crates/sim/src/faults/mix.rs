//! What a seed draws: sizes, delays, and which faults may happen how often.

use fastrand::Rng;

use crate::clients::workload::Workload;
use crate::faults::FAULTS;
use crate::faults::fault::FaultKinds;
use crate::faults::options::{options, pick};
use crate::faults::tamper::Tamper;
use crate::faults::theme::Theme;
use crate::report::trace::Detail;
use crate::world::Options;
use crate::world::clock::{MILLISECOND, SECOND};

/// One seed's draw.
#[derive(Clone, Debug)]
pub struct Mix {
    /// What the world is made of.
    pub options: Options,
    /// How long chaos lasts at least and at most, nanoseconds.
    pub chaos: (u64, u64),
    /// Between the two it ends once this many entries are committed.
    pub entries: u64,
    /// Longest pause between two faults, nanoseconds.
    pub pause: u64,
    /// Faults that may happen, the likely ones several times.
    pub(crate) faults: FaultKinds,
    /// One workload per client.
    pub clients: Vec<Workload>,
    /// Per mille of register writes that land late.
    pub late: u32,
    /// Per mille of register answers that are lost.
    pub lost: u32,
    /// Per mille of register writes that land, and are then asked for again without an answer in between.
    pub repeated: u32,
    /// Per mille of register writes during which a fault is injected into some replica.
    pub targeted: u32,
    /// Per mille of those that name a learner after which their author is cut off.
    pub doubt: u32,
    /// Per mille of cuts of a log within which the process dies.
    pub cuts: u32,
    /// What is done to the register in the end.
    pub tamper: Option<Tamper>,
    /// Largest drift of a monotonic clock, parts per million.
    pub drift: i64,
    /// Per mille of frames and datagrams that are lost.
    pub loss: u32,
    /// Per mille of datagrams that arrive twice.
    pub twice: u32,
    /// Per mille of messages that are looked at though their stream is closed.
    pub stale: u32,
    /// Per mille of register writes right before which somebody edits a label.
    pub edits: u32,
    /// Per mille of hosts whose disk is slow as long as chaos lasts.
    pub slow: u32,
}

impl Mix {
    /// Draws one.
    pub fn draw(rng: &mut Rng, trace: Detail) -> Self {
        let hosts = if rng.u32(0..3) == 0 { 3 } else { 2 };
        let options = Options { hosts, trace, ..options(rng, hosts) };
        let mut faults = Vec::new();
        for fault in FAULTS {
            if rng.u32(0..3) == 0 {
                faults.extend(std::iter::repeat_n(fault, rng.usize(1..5)));
            }
        }
        let keys = rng.u32(1..8);
        let txns = rng.u32(0..60);
        let think = pick(rng, &[2, 5, 10]) * MILLISECOND;
        let clients = (0..rng.usize(4..10))
            .map(|_| {
                let reads = pick(rng, &[0, 10, 20, 40, 90]) as u32;
                let wander = pick(rng, &[0, 0, 10, 50]) as u32;
                Workload { keys, reads, txns, wander, think, left: u64::MAX }
            })
            .collect();
        let mut mix = Mix {
            options,
            chaos: (rng.u64(2..5) * SECOND, 20 * SECOND),
            entries: rng.u64(520..640),
            pause: pick(rng, &[500, 1000, 2000]) * MILLISECOND,
            faults,
            clients,
            late: pick(rng, &[0, 0, 100, 400]) as u32,
            lost: pick(rng, &[0, 0, 100, 300]) as u32,
            repeated: pick(rng, &[0, 0, 100, 300]) as u32,
            targeted: pick(rng, &[0, 0, 100, 400]) as u32,
            doubt: pick(rng, &[0, 0, 100, 400]) as u32,
            cuts: pick(rng, &[0, 0, 100, 400]) as u32,
            tamper: Tamper::draw(rng),
            drift: pick(rng, &[0, 200, 50_000]).cast_signed(),
            loss: pick(rng, &[0, 0, 2, 20]) as u32,
            twice: pick(rng, &[0, 10, 100]) as u32,
            stale: pick(rng, &[0, 100, 1000]) as u32,
            edits: pick(rng, &[0, 0, 100, 300]) as u32,
            slow: pick(rng, &[0, 0, 300, 600]) as u32,
        };
        mix.options.theme = Theme::draw(rng);
        if let Some(theme) = mix.options.theme {
            mix.rehearse(theme, rng);
        }
        if let Some(tamper) = mix.tamper {
            mix.rehearse_tampering(tamper, rng);
        }
        mix
    }
}
