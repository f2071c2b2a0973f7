//! Draws from a generator that all clients share: each happens once, in the order of the log.
//!
//! Only some worlds have them; the others are what they were without.

pub(crate) mod check;

use std::collections::BTreeMap;

use understudy_history::Outcome as End;
use understudy_machine::{
    Command, Draw, Input, KvMachine, Machine, Moment, Operation, Outcome, Random, Response,
    SeedGenerator,
};

/// The generator.
const NAME: &str = "dice";

/// What is known of the draws.
pub struct Draws {
    rng: fastrand::Rng,
    /// Whether this world has any.
    enabled: bool,
    /// The generator is seeded for certain.
    seeded: bool,
    each: Vec<Made>,
}

/// A draw that a client asked for.
struct Made {
    begin: u64,
    end: u64,
    /// What was drawn; none if it is not known whether anything was.
    drawn: Option<Vec<u8>>,
}

impl Draws {
    pub fn new(seed: u64, lasting: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0xd1ce);
        let enabled = rng.u32(0..8) == 0 && lasting;
        Draws { rng, enabled, seeded: false, each: Vec::new() }
    }

    /// Whether a client that could do anything draws now.
    pub fn want(&mut self) -> bool {
        self.seeded && self.rng.u32(0..4) == 0
    }

    /// A draw has ended.
    pub fn note(&mut self, begin: u64, end: u64, outcome: &End, response: Option<&Response>) {
        let drawn = response.and_then(drawn);
        if drawn.is_some() || !matches!(outcome, End::Failed) {
            self.each.push(Made { begin, end, drawn });
        }
    }

    /// Every draw that was answered is one of the sequence, none twice, and none before one that was
    /// answered before it began.
    fn judge(&self) -> Result<(), String> {
        let places = sequence(self.each.len());
        let mut found: Vec<(u64, u64, usize)> = Vec::new();
        for made in &self.each {
            let Some(drawn) = &made.drawn else { continue };
            let Some(&place) = places.get(drawn) else {
                return Err(format!("{drawn:x?} is none of the first {} draws", places.len()));
            };
            found.push((made.begin, made.end, place));
        }
        found.sort_by_key(|&(.., place)| place);
        // The latest beginning so far, and whose it was.
        let (mut latest, mut whose, mut before) = (0, 0, None);
        for (begin, end, place) in found {
            if before.replace(place) == Some(place) {
                return Err(format!("draw {place} was given twice"));
            }
            if end < latest {
                return Err(format!("draw {place} was answered before draw {whose} began"));
            }
            if begin > latest {
                (latest, whose) = (begin, place);
            }
        }
        Ok(())
    }
}

pub(crate) fn seed() -> SeedGenerator {
    SeedGenerator { name: NAME.into(), seed: b"understudy".as_slice().into(), drawn: false }
}

/// One draw: 64 bits, so that no two are the same.
pub fn draw() -> Operation {
    Draw { name: NAME.into(), what: Random::Bits.into(), count: 64 }.into()
}

pub(crate) fn drawn(response: &Response) -> Option<Vec<u8>> {
    match &response.result {
        Some(Outcome::Drawn(drawn)) => Some(drawn.bytes.to_vec()),
        _ => None,
    }
}

/// The first draws of a machine that nothing happens to.
fn sequence(count: usize) -> BTreeMap<Vec<u8>, usize> {
    let mut machine = KvMachine::new();
    let mut run = |operation: Operation, index: usize| {
        let payload = Command::new(operation).to_payload();
        let moment = Moment { index: index as u64, ..Moment::default() };
        machine.apply(moment, Input::Command(&payload))
    };
    run(seed().into(), 1);
    (0..count).filter_map(|place| Some((drawn(&run(draw(), place + 2))?, place))).collect()
}
