//! What a seed draws is changed into what a theme rehearses.

use fastrand::Rng;

use crate::clients::workload::Workload;
use crate::faults::cut_one_way::CutOneWay;
use crate::faults::depose::Depose;
use crate::faults::fault::{Fault, FaultKinds};
use crate::faults::isolate::Isolate;
use crate::faults::kill::Kill;
use crate::faults::kill_within_write::KillWithinWrite;
use crate::faults::leave::Leave;
use crate::faults::mix::Mix;
use crate::faults::narrow_line::NarrowLine;
use crate::faults::pause::Pause;
use crate::faults::power_loss::PowerLoss;
use crate::faults::slow_disk::SlowDisk;
use crate::faults::tamper::Tamper;
use crate::faults::theme::Theme;
use crate::faults::wipe::Wipe;
use crate::world::clock::{MILLISECOND, SECOND};

impl Mix {
    /// Makes it one that rehearses a theme.
    pub(crate) fn rehearse(&mut self, theme: Theme, rng: &mut Rng) {
        let mix = self;
        let (keys, think) = (rng.u32(1..3), 3 * MILLISECOND);
        let client =
            |reads, wander| Workload { keys, reads, txns: 10, wander, think, left: u64::MAX };
        let (reader, writer) = (client(100, 0), client(0, 0));
        let slowly = |client: Workload| Workload { think: 40 * MILLISECOND, ..client };
        let several = |client: Workload, times| std::iter::repeat_n(client, times);
        match theme {
            Theme::DoubtfulJoin => {
                mix.faults = many(&[(&Kill, 3), (&Wipe, 2), (&Leave, 1)]);
                mix.options.register_delay = (MILLISECOND, 20 * MILLISECOND);
                (mix.lost, mix.targeted, mix.doubt, mix.slow) = (100, 50, 700, 0);
                mix.clients =
                    several(slowly(reader), 3).chain(several(slowly(client(0, 20)), 4)).collect();
            }
            Theme::ReadsAtFailover => {
                mix.faults = many(&[(&Kill, 4), (&Isolate, 1)]);
                mix.options.net_delay = (50_000, 200_000);
                mix.slow = 1000;
                mix.clients = several(client(100, 50), 3).chain(several(writer, 3)).collect();
            }
            Theme::DivergingTails => {
                mix.faults = many(&[
                    (&Isolate, 3),
                    (&CutOneWay, 2),
                    (&Depose, 2),
                    (&KillWithinWrite, 2),
                    (&PowerLoss, 1),
                ]);
                (mix.cuts, mix.slow) = (700, 0);
                mix.chaos.0 = 6 * SECOND;
                mix.clients = several(slowly(writer), 6).collect();
            }
            Theme::LostCopies => {
                mix.faults = many(&[(&Wipe, 4), (&NarrowLine, 2), (&SlowDisk, 2), (&Kill, 1)]);
                mix.options.register_delay = (MILLISECOND, 20 * MILLISECOND);
                let limits = &mut mix.options.limits;
                (limits.retain, limits.retain_bytes, limits.flight_bytes) =
                    (100_000, 128 << 20, 1024);
                mix.slow = 600;
                // After a while little is written: nothing between the loss of a copy and its successor's join.
                let left = if rng.u32(0..4) == 0 { u64::MAX } else { 60 };
                mix.clients = several(Workload { left, ..writer }, 5).collect();
                let seldom = Workload { think: 400 * MILLISECOND, ..client(90, 0) };
                mix.clients.extend(several(seldom, 3));
            }
            Theme::ReadsBehindTheTimes => {
                mix.faults = many(&[(&Depose, 3), (&Pause, 2), (&Kill, 1)]);
                (mix.targeted, mix.slow) = (0, 0);
                mix.clients =
                    several(slowly(reader), 4).chain(several(slowly(client(0, 20)), 4)).collect();
            }
            Theme::DeferredBackups => {
                mix.faults = many(&[(&Kill, 3), (&SlowDisk, 2), (&NarrowLine, 1), (&Depose, 1)]);
                mix.options.snapshot_bytes = if rng.bool() { 2_000 } else { 10_000_000 };
                mix.slow = 300;
                mix.clients = several(client(100, 50), 3).chain(several(writer, 4)).collect();
            }
            Theme::PrimaryAlone => {
                mix.faults = many(&[(&Depose, 3), (&Kill, 1)]);
                mix.options.limits.tail_entries = 65_536;
                (mix.targeted, mix.slow) = (0, 0);
                mix.clients = several(slowly(writer), 4).collect();
            }
        }
    }

    /// Makes it one in which a tampering has its effect.
    pub(crate) fn rehearse_tampering(&mut self, tamper: Tamper, rng: &mut Rng) {
        // With three, one may go on who has not seen where the histories part, and whose log does not reach there.
        if tamper == Tamper::RegisterBack && rng.u32(0..3) > 0 {
            self.options.hosts = 3;
            self.options.snapshot_bytes = 2_000;
            (self.options.limits.retain, self.options.limits.retain_bytes) = (0, 0);
        }
    }
}

fn many(faults: &[(&'static dyn Fault, usize)]) -> FaultKinds {
    faults.iter().flat_map(|&(fault, times)| std::iter::repeat_n(fault, times)).collect()
}
