//! Which faults, and when: drawn from the seed alone.

use std::time::Duration;

use fastrand::Rng;
use serde::Serialize;

use super::fault::{Fault, Kind, Lines, Way, Whom};

/// Length of a round. Between two, everything is healed and the pair must be whole again.
pub const ROUND: Duration = Duration::from_secs(20);
/// In a round's beginning and end nothing is injected.
const CALM: u64 = 1_000;
/// Of 100 faults, this many begin while the one before lasts.
const OVERLAPS: u8 = 25;

/// One fault and its time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Planned {
    /// When, milliseconds from the round's beginning.
    pub at_ms: u64,
    /// How long, milliseconds; 0 for what takes no time.
    pub lasts_ms: u64,
    /// What.
    pub fault: Fault,
}

/// What happens between two rests.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Round {
    /// From 1.
    pub number: usize,
    /// How long it is, milliseconds.
    pub length_ms: u64,
    /// In the order of their beginnings.
    pub faults: Vec<Planned>,
}

/// Draws a plan. The same arguments give the same plan, and a longer one begins with the rounds of
/// a shorter one.
pub fn draw(seed: u64, length: Duration, kinds: &[Kind], commands: usize) -> Vec<Round> {
    let mut rng = Rng::with_seed(seed);
    let mut rounds = Vec::new();
    let mut left = length;
    while !left.is_zero() {
        // Whole rounds are drawn, so that a cut-off end changes nothing before it.
        let mut faults = Drawing { rng: rng.fork(), kinds, commands }.round();
        let length = left.min(ROUND);
        let end = (length.as_millis() as u64).saturating_sub(CALM);
        faults.retain(|planned| planned.at_ms < end);
        for planned in &mut faults {
            planned.lasts_ms = planned.lasts_ms.min(end.saturating_sub(planned.at_ms).max(1));
        }
        rounds.push(Round {
            number: rounds.len() + 1,
            length_ms: length.as_millis() as u64,
            faults,
        });
        left -= length;
    }
    rounds
}

struct Drawing<'a> {
    rng: Rng,
    kinds: &'a [Kind],
    commands: usize,
}

impl Drawing<'_> {
    fn round(&mut self) -> Vec<Planned> {
        let mut faults = Vec::new();
        if self.kinds.is_empty() {
            return faults;
        }
        let mut at = CALM + self.rng.u64(0..1_500);
        while at < ROUND.as_millis() as u64 - CALM {
            let kind = self.kinds[self.rng.usize(0..self.kinds.len())];
            let (fault, lasts_ms) = self.fault(kind);
            faults.push(Planned { at_ms: at, lasts_ms, fault });
            at += match self.rng.u8(0..100) < OVERLAPS {
                true => self.rng.u64(0..=lasts_ms.max(300)),
                false => lasts_ms + self.rng.u64(500..3_500),
            };
        }
        faults
    }

    /// A fault of this kind and how long it lasts, milliseconds. Shorter and longer than the
    /// time-outs, 700 ms and more.
    fn fault(&mut self, kind: Kind) -> (Fault, u64) {
        let rng = &mut self.rng;
        let long = if rng.bool() { rng.u64(50..700) } else { rng.u64(1_000..5_000) };
        match kind {
            Kind::Kill => (Fault::Kill { whom: whom(rng) }, 0),
            Kind::Vanish => {
                let after_ms = rng.u32(5..650);
                (Fault::Vanish { whom: one(rng), after_ms }, rng.u64(1_000..4_000))
            }
            Kind::Pause => (Fault::Pause { whom: whom(rng) }, long),
            Kind::Leave => (Fault::Leave { whom: whom(rng) }, 0),
            Kind::Handover => (Fault::Handover, 0),
            Kind::Wipe => (Fault::Wipe { whom: one(rng) }, 0),
            Kind::Reset => (Fault::Reset { whom: one(rng), lines: lines(rng) }, 0),
            Kind::Partition => {
                (Fault::Partition { whom: one(rng), lines: lines(rng), way: way(rng) }, long)
            }
            Kind::Delay => {
                (Fault::Delay { whom: one(rng), lines: lines(rng), ms: rng.u32(2..400) }, long)
            }
            Kind::Loss => {
                (Fault::Loss { whom: one(rng), lines: lines(rng), percent: rng.u32(1..40) }, long)
            }
            Kind::Register => (Fault::Register, long),
            Kind::DiskFull => {
                let room = if rng.bool() { 0 } else { rng.u32(0..32_768) };
                (Fault::DiskFull { whom: whom(rng), room }, rng.u64(1_000..5_000))
            }
            Kind::SlowSync => (Fault::SlowSync { whom: whom(rng), ms: rng.u32(2..800) }, long),
            Kind::FailedSync => (Fault::FailedSync { whom: whom(rng) }, rng.u64(20..2_000)),
            Kind::Clock => {
                let magnitude = 10i64.pow(rng.u32(0..8));
                let seconds = if rng.bool() { magnitude } else { -magnitude };
                (Fault::Clock { whom: whom(rng), seconds }, long)
            }
            Kind::Command => (Fault::Command { number: rng.usize(0..self.commands.max(1)) }, 0),
        }
    }
}

fn one(rng: &mut Rng) -> Whom {
    if rng.u8(0..100) < 60 { Whom::Primary } else { Whom::Backup }
}

fn whom(rng: &mut Rng) -> Whom {
    if rng.u8(0..100) < 10 { Whom::Both } else { one(rng) }
}

fn lines(rng: &mut Rng) -> Lines {
    match rng.u8(0..4) {
        0 | 1 => Lines::Peer,
        2 => Lines::Clients,
        _ => Lines::All,
    }
}

fn way(rng: &mut Rng) -> Way {
    match rng.u8(0..4) {
        0 => Way::In,
        1 => Way::Out,
        _ => Way::Both,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn the_same_seed_draws_the_same_plan_and_another_seed_another() {
        let kinds = Kind::value_variants();
        assert_eq!(draw(7, HOUR, kinds, 0), draw(7, HOUR, kinds, 0));
        assert_ne!(draw(7, HOUR, kinds, 0), draw(8, HOUR, kinds, 0));
        let minute = draw(7, Duration::from_secs(60), kinds, 0);
        assert_eq!(minute, draw(7, HOUR, kinds, 0)[..3]);
    }

    #[test]
    fn an_hour_has_all_that_was_chosen_and_nothing_else() {
        let kinds = [Kind::Kill, Kind::Register];
        for kinds in [&kinds, Kind::value_variants()] {
            let plan = draw(1, HOUR, kinds, 0);
            assert_eq!(plan.len(), 180);
            let drawn = |kind| {
                plan.iter()
                    .flat_map(|round| &round.faults)
                    .filter(|p| p.fault.kind() == kind)
                    .count()
            };
            for kind in Kind::value_variants() {
                assert_eq!(drawn(*kind) > 0, kinds.contains(kind), "{kind:?}");
            }
        }
    }

    #[test]
    fn faults_end_within_their_round() {
        for length in [3_500, 20_000, 25_000] {
            for round in draw(3, Duration::from_millis(length), Kind::value_variants(), 0) {
                assert!(round.faults.iter().all(|p| p.at_ms + p.lasts_ms < round.length_ms));
            }
        }
        assert!(draw(3, HOUR, &[], 0).iter().all(|round| round.faults.is_empty()));
    }
}
