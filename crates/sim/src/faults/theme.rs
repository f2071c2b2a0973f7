//! Themes: a part of the seeds does not draw everything anew but rehearses one dangerous situation.
//!
//! A mix in which everything happens shows what nobody thought of; what takes three coincidences at
//! one time it shows once in thousands of seeds. Each theme is such a coincidence, sought after.

use fastrand::Rng;

use crate::clients::workload::Workload;
use crate::faults::mix::{Fault, Mix};
use crate::world::clock::MILLISECOND;

/// What a seed rehearses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Theme {
    /// A primary does not know whether its learner is named, and the learner takes over.
    DoubtfulJoin,
    /// A new primary has much to commit and a slow disk, and everybody reads.
    ReadsAtFailover,
    /// Old primaries come back with tails that must be cut, and die while they cut.
    DivergingTails,
    /// Copies are lost again and again, and the new ones catch up slowly.
    LostCopies,
}

/// One of them in so many seeds.
const ONE_IN: u32 = 4;

impl Theme {
    /// Most seeds have none.
    pub(crate) fn draw(rng: &mut Rng) -> Option<Self> {
        match rng.u32(0..4 * ONE_IN) {
            0 => Some(Theme::DoubtfulJoin),
            1 => Some(Theme::ReadsAtFailover),
            2 => Some(Theme::DivergingTails),
            3 => Some(Theme::LostCopies),
            _ => None,
        }
    }

    /// Its name in the counts.
    pub fn name(self) -> &'static str {
        match self {
            Theme::DoubtfulJoin => "theme: doubtful join",
            Theme::ReadsAtFailover => "theme: reads at failover",
            Theme::DivergingTails => "theme: diverging tails",
            Theme::LostCopies => "theme: lost copies",
        }
    }

    /// Makes a mix of it.
    pub(crate) fn dress(self, mix: &mut Mix, rng: &mut Rng) {
        let (keys, think) = (rng.u32(1..3), 3 * MILLISECOND);
        let client =
            |reads, wander| Workload { keys, reads, txns: 10, wander, think, left: u64::MAX };
        let (reader, writer) = (client(100, 0), client(0, 0));
        match self {
            Theme::DoubtfulJoin => {
                mix.faults = many(&[(Fault::Kill, 3), (Fault::Wipe, 2), (Fault::Leave, 1)]);
                mix.options.register_delay = (MILLISECOND, 150 * MILLISECOND);
                (mix.lost, mix.strike, mix.slow) = (300, 900, 0);
                mix.clients = vec![reader.clone(), reader.clone(), reader, writer.clone(), writer];
            }
            Theme::ReadsAtFailover => {
                mix.faults = many(&[(Fault::Kill, 4), (Fault::Isolate, 1)]);
                mix.options.net_delay = (50_000, 200_000);
                mix.slow = 1000;
                let wanderer = client(100, 50);
                mix.clients = vec![wanderer.clone(), wanderer.clone(), wanderer];
                mix.clients.extend([writer.clone(), writer.clone(), writer]);
            }
            Theme::DivergingTails => {
                mix.faults = many(&[
                    (Fault::Isolate, 3),
                    (Fault::CutOneWay, 2),
                    (Fault::KillWithinWrite, 4),
                    (Fault::PowerLoss, 1),
                ]);
                mix.slow = 0;
                mix.clients = vec![writer; 6];
            }
            Theme::LostCopies => {
                mix.faults = many(&[
                    (Fault::Wipe, 4),
                    (Fault::NarrowLine, 2),
                    (Fault::SlowDisk, 2),
                    (Fault::Kill, 1),
                ]);
                mix.clients = vec![writer; 6];
            }
        }
    }
}

fn many(faults: &[(Fault, usize)]) -> Vec<Fault> {
    faults.iter().flat_map(|&(fault, times)| std::iter::repeat_n(fault, times)).collect()
}
