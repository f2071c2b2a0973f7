//! Reads at old revisions: what clients are told of the past must be what the writes made of it, whichever
//! replica tells it, and however the pair came to it.
//!
//! Only some worlds have them; the others are what they were without.

use understudy_history::{Action, Operation};

use crate::clients::workload::Workload;

/// When they are asked for.
pub struct OldReads {
    rng: fastrand::Rng,
    /// Whether this world has any.
    enabled: bool,
}

impl OldReads {
    pub fn new(seed: u64, lasting: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x901d);
        let enabled = rng.u32(0..8) == 0 && lasting;
        OldReads { rng, enabled }
    }

    /// One that a client of this workload asks for now, of a revision that some client was told.
    pub fn draw(&mut self, workload: &Workload, history: &[Operation]) -> Option<Action> {
        if !self.enabled || self.rng.u32(0..6) > 0 {
            return None;
        }
        let revision = self.rng.choice(history)?.answer()?.revision;
        let key = workload.key(&mut self.rng);
        (revision > 0).then_some(Action::GetAt { key, revision })
    }
}
