//! What a replica is told when it starts.

use crate::{ClusterId, Settings};

/// Milliseconds, in the unit of [`crate::Now::mono`].
pub const MS: u64 = 1_000_000;

/// A replica's own settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its name; unique in the cluster and stable over lives.
    pub name: String,
    /// Where peers reach it, `host:port`.
    pub peer_address: String,
    /// Where clients reach it, `host:port`.
    pub client_address: String,
    /// The other configured replicas: `(name, peer address)`.
    pub peers: Vec<(String, String)>,
    /// The id that a cluster gets if this replica is the one to found it: random.
    pub fresh_cluster: ClusterId,
    /// The settings that a cluster is born with.
    pub settings: Settings,
    /// Time-outs.
    pub timing: Timing,
    /// Bounds.
    pub limits: Limits,
    /// Bytes of memory that it has for what the machine holds; `None`: it does not know. Told to the
    /// primary, and decides nothing here.
    pub memory: Option<u64>,
}

/// Time-outs, nanoseconds. They start transitions; they never decide one.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// An idle primary says so this often.
    pub heartbeat: u64,
    /// A primary suspects a backup that has been silent for this long while something waits for
    /// it. Shorter than `promote`, so that a network break keeps the sitting primary.
    pub drop: u64,
    /// A backup suspects a primary that has been silent for this long.
    pub promote: u64,
    /// In `async` mode a backup gives a silent primary, or one whose process is gone, so much more time
    /// to come back: it may hold what nobody else does.
    pub first_chance: u64,
    /// A primary drops a backup whose acknowledgements do not move for this long while entries
    /// wait, though it is not silent (its disk hangs, or is full).
    pub stall: u64,
    /// Pause between two tries of anything that failed.
    pub retry: u64,
    /// How often a replica looks at its time-outs.
    pub tick: u64,
    /// A handover that has not succeeded by then is given up.
    pub hand_over: u64,
    /// A backup that was dropped and has not come back for this long may be replaced
    /// ([`crate::Effect::Evict`]); `None`: never.
    pub evict: Option<u64>,
}

impl Timing {
    /// The longest pause between two tries of what keeps failing: ten times the usual one.
    pub(crate) fn longest_pause(&self) -> u64 {
        10 * self.retry
    }
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            heartbeat: 100 * MS,
            drop: 700 * MS,
            promote: 1500 * MS,
            first_chance: 3000 * MS,
            stall: 2000 * MS,
            retry: 100 * MS,
            tick: 20 * MS,
            hand_over: 3000 * MS,
            evict: None,
        }
    }
}

/// Bounds of memory and of what may wait.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of entries in one message.
    pub message_bytes: usize,
    /// Bytes of entries sent to a follower and not acknowledged.
    pub flight_bytes: usize,
    /// Bytes of entries appended and not committed; beyond, writes are turned away.
    pub tail_bytes: usize,
    /// The same in entries.
    pub tail_entries: usize,
    /// Bytes of committed entries kept in memory for followers that lag a little.
    pub window_bytes: usize,
    /// Bytes of one snapshot part.
    pub part_bytes: usize,
    /// Bytes of entries that the machine is given at once, at least one entry: whatever else happens has
    /// its turn between two batches.
    pub batch_bytes: usize,
    /// The same in entries.
    pub batch_entries: usize,
    /// Bytes of entries that a backup keeps in memory, besides `window_bytes`, where the settings say that it
    /// executes nothing; beyond that it executes after all.
    pub deferred_bytes: usize,
    /// A follower that lags by no more than this many entries counts as caught up.
    pub caught_up: u64,
    /// Entries that the newest snapshot covers and that are kept in the log for followers that come back.
    pub retain: u64,
    /// The same in bytes. What a learner on a stream still needs is kept beyond both, up to four times this.
    pub retain_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            message_bytes: 1 << 20,
            flight_bytes: 16 << 20,
            tail_bytes: 64 << 20,
            tail_entries: 65_536,
            window_bytes: 32 << 20,
            part_bytes: 1 << 20,
            batch_bytes: 1 << 20,
            batch_entries: 1024,
            deferred_bytes: 256 << 20,
            caught_up: 4096,
            retain: 100_000,
            retain_bytes: 128 << 20,
        }
    }
}
