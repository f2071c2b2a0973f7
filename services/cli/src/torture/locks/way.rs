//! What clients do with a lock that they hold.

use std::time::Duration;

use fastrand::Rng;
use understudy_client::Lock;

/// The longest that one holds the lock on purpose: others want it, too.
const LONGEST: Duration = Duration::from_secs(4);

/// What a client does with a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Holds it for a moment and releases it.
    Briefly,
    /// Holds it until it is lost, or for long.
    Long,
    /// Is stopped, background and all, as a process may be, for half to twice the lease's time.
    Stopped,
    /// Drops it.
    Dropped,
    /// Is gone without a word.
    Gone,
}

impl Way {
    pub fn draw(random: &mut Rng) -> Self {
        match random.u8(0..10) {
            0 => Way::Long,
            1..=3 => Way::Stopped,
            4 => Way::Dropped,
            5 => Way::Gone,
            _ => Way::Briefly,
        }
    }

    /// How long it takes.
    pub fn lasts(self, random: &mut Rng, ttl: Duration) -> Duration {
        match self {
            Way::Long => LONGEST,
            Way::Stopped => ttl * random.u32(1..=4) / 2,
            _ => Duration::from_millis(random.u64(2..400)),
        }
    }

    /// How it ends.
    pub async fn end(self, lock: Lock) {
        match self {
            Way::Dropped => drop(lock),
            // Where there is no runtime, it cannot be revoked.
            Way::Gone => drop(std::thread::spawn(move || drop(lock)).join()),
            // If that fails, time ends it.
            _ => drop(lock.release().await),
        }
    }
}
