//! Worlds in which it counts at times that a backup has received an entry: settings come and go while
//! everything else happens, and whoever crashes forgets what its disk was not told to keep.
//!
//! Crashes may come together. What was acknowledged is on the disk of whoever was primary, so all that
//! can be lost is somebody who dares to go on; an order is needed now and then. Only disks are not
//! lost: that, together with a crash, is what nobody was promised to survive.
//!
//! Only some worlds are like this; the others are what they were without.

pub(crate) mod check;

/// Whether and when settings come.
pub struct Receipts {
    rng: fastrand::Rng,
    enabled: bool,
    /// Settings change often, and as often back; else receipts count most of the time.
    often: bool,
    next: u64,
    /// When all disks become slow, for a while.
    slow_at: Option<u64>,
    /// Faults are being healed: nothing more is done to anybody.
    rests: bool,
}

impl Receipts {
    /// `lasting` is whether everything that is answered lasts.
    pub fn new(seed: u64, lasting: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x2ece_17ed);
        let enabled = rng.u32(0..4) == 0 && lasting;
        let often = rng.bool();
        Receipts { rng, enabled, often, next: 0, slow_at: None, rests: false }
    }

    /// Whether this world is one of them.
    pub fn may_count(&self) -> bool {
        self.enabled
    }

    /// Whether anything is done to anybody for its sake.
    pub fn troubles(&self) -> bool {
        self.enabled && !self.rests
    }

    /// What a crash makes of unsynced writes: `None` where it is the process's alone.
    pub fn crash(&mut self) -> Option<u64> {
        self.enabled.then(|| self.rng.u64(..))
    }
}
