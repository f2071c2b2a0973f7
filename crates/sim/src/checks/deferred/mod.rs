//! Backups that execute nothing until they are promoted, or are told to execute again.
//!
//! Only some worlds have them; the others are what they were without. In these a machine also needs time
//! for each of its batches, and the batches are small: much happens while a backlog is executed.

pub(crate) mod check;

use understudy_protocol::Limits;

use crate::faults::theme::Theme;
use crate::world::clock::MILLISECOND;

/// What backups execute, and when it changes.
pub struct Deferred {
    rng: fastrand::Rng,
    /// Whether this world has any of it.
    enabled: bool,
    /// The limits of every replica that concern it.
    limits: Limits,
    /// The longest time that a machine needs for a batch, nanoseconds.
    longest: u64,
    /// The client that changes the settings.
    operator: u64,
}

impl Deferred {
    pub fn new(seed: u64, theme: Option<Theme>) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0xdefe);
        let rehearsed = theme == Some(Theme::DeferredBackups);
        let enabled = rng.u32(0..8) == 0 || rehearsed;
        let mut limits = Limits {
            batch_bytes: [1, 500, 1 << 20][rng.usize(0..3)],
            batch_entries: [1, 3, 50, 1024][rng.usize(0..4)],
            deferred_bytes: [2048, 20_000, usize::MAX, usize::MAX][rng.usize(0..4)],
            ..Limits::default()
        };
        let mut longest = [0, 1, 4][rng.usize(0..3)] * MILLISECOND;
        // A new primary needs its time for what it has to execute.
        if rehearsed {
            (limits.batch_entries, limits.deferred_bytes) = (3, usize::MAX);
            longest = 4 * MILLISECOND;
        }
        Deferred { rng, enabled, limits, longest, operator: 0 }
    }

    /// Whether this world has any of it.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// What a replica has of these limits, also after its program was changed.
    pub fn limit(&self, limits: &mut Limits) {
        if self.enabled {
            let Limits { batch_bytes, batch_entries, deferred_bytes, .. } = self.limits;
            *limits = Limits { batch_bytes, batch_entries, deferred_bytes, ..*limits };
        }
    }

    /// How long a machine needs for the batch that it was given.
    pub fn takes(&mut self) -> Option<u64> {
        (self.enabled && self.longest > 0).then(|| self.rng.u64(0..=self.longest))
    }
}
