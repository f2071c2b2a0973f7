//! Those who watch: they read what a primary's machine tells, are cut off at any moment, go on at another
//! one after the last complete revision, and must have seen everything once and in order.
//!
//! They draw their chance from a source of their own and touch nothing, so that a seed's world is the
//! same with and without them.

pub(crate) mod check;

use understudy_machine::{KeyChange, KeyRange, Watch};

use crate::world::id::{HostId, Run};

/// How many there are. The last one watches a key that nobody writes.
const WATCHERS: usize = 5;

/// All of them.
pub struct Watchers {
    rng: fastrand::Rng,
    each: Vec<Watcher>,
    /// When the next one reads.
    next: u64,
    /// Whether this world's history is kept short.
    short: bool,
}

/// One who watches.
struct Watcher {
    range: KeyRange,
    previous: bool,
    /// Bytes of a message, about.
    bytes: usize,
    /// The last revision that it has seen completely.
    complete: i64,
    /// Until when it is away, for longer than history lasts now and then.
    away: u64,
    /// The stream that it reads, if it has one, and what has come of a revision that is not complete.
    stream: Option<(HostId, Run, Watch)>,
    part: Vec<KeyChange>,
}

impl Watchers {
    pub fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(!seed);
        let mut watcher = |id| {
            let start = format!("k{}", rng.u32(0..4));
            let range = match rng.u32(0..3) {
                _ if id == WATCHERS - 1 => KeyRange::single("quiet"),
                0 => KeyRange::single(start),
                1 => KeyRange::from(start),
                _ => KeyRange::all(),
            };
            let (previous, bytes) = (rng.bool(), rng.usize(1..300));
            let (complete, away, stream, part) = (0, 0, None, Vec::new());
            Watcher { range, previous, bytes, complete, away, stream, part }
        };
        let each = (0..WATCHERS).map(&mut watcher).collect();
        let short = rng.u32(0..4) == 0;
        Watchers { rng, each, next: 0, short }
    }
}
