//! Worlds in `async` mode, where clients are told before a second copy exists. What a failover cuts then
//! is lost; it must be exactly what was set aside.
//!
//! Only some worlds are such, and the mode changes while they run; their clients' history is not judged,
//! for it may lose its end.

pub(crate) mod check;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use prost::Message as _;
use understudy_machine::Command;
use understudy_protocol::{Entry, Epoch, Execution, Index, Kind, Settings};

use crate::faults::theme::Theme;
use crate::world::clock::SECOND;

/// What is known of entries that were executed before they were committed.
pub struct Ahead {
    rng: fastrand::Rng,
    /// Whether the mode changes.
    enabled: bool,
    /// Whether it may be `async`.
    there: bool,
    /// Whether it always is, with a long tail, and primaries are cut off for so long that another one steps in.
    isolates: bool,
    /// The client that changes the mode.
    operator: u64,
    /// Clients that each write at one replica alone, whoever is primary.
    loyal: Range<u64>,
    /// What clients were told, `(index, hash)`, before it was committed.
    told: BTreeSet<(Index, u64)>,
    /// What was set aside.
    aside: BTreeSet<(Index, u64)>,
    /// What went with a disk.
    gone: BTreeMap<Index, BTreeSet<u64>>,
    /// The newest epoch whose opening entry was committed, and when it was executed first.
    opened: (Epoch, u64),
}

impl Ahead {
    pub fn new(seed: u64, born: Execution, theme: Option<Theme>) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0xa57c);
        let rehearsed = theme == Some(Theme::PrimaryAlone);
        let enabled = rng.u32(0..8) == 0 || rehearsed;
        let there = enabled || born == Execution::Async;
        let isolates = enabled && rng.u32(0..3) == 0 || rehearsed;
        let (told, aside) = Default::default();
        let (gone, opened) = Default::default();
        Ahead { rng, enabled, there, isolates, operator: 0, loyal: 0..0, told, aside, gone, opened }
    }

    /// Whether this is such a world.
    pub fn is_there(&self) -> bool {
        self.there
    }

    /// Whether the mode is drawn by chance.
    pub fn varies(&self) -> bool {
        self.enabled
    }

    /// How long backups wait for a primary that is away, nanoseconds.
    pub fn first_chance(&mut self) -> u64 {
        if self.isolates {
            return 0;
        }
        [0, 0, SECOND / 2, 3 * SECOND][self.rng.usize(0..4)]
    }

    /// The next mode.
    pub fn draw(&mut self, settings: Settings) -> Settings {
        if self.isolates {
            let (max_tail_bytes, max_tail_ms) = (1 << 20, 10_000);
            return Settings {
                execution: Execution::Async,
                max_tail_bytes,
                max_tail_ms,
                ..settings
            };
        }
        let asynchronous = self.rng.u32(0..3) > 0;
        Settings {
            execution: if asynchronous { Execution::Async } else { Execution::Sync },
            max_tail_bytes: [200, 1000, 1 << 20][self.rng.usize(0..3)],
            max_tail_ms: [5, 100, 1000][self.rng.usize(0..3)],
            ..settings
        }
    }

    /// A primary may answer from here on.
    fn opened(&mut self, epoch: Epoch, time: u64) {
        if epoch > self.opened.0 {
            self.opened = (epoch, time);
        }
    }

    /// A disk is gone, and with it what it alone held.
    pub fn lose(&mut self, index: Index, hash: u64) {
        if self.there {
            self.gone.entry(index).or_default().insert(hash);
        }
    }

    /// What was lost was set aside, but for what went with a disk.
    fn judge(&self, committed: impl Fn(Index) -> Option<u64>) -> Result<(), String> {
        let lost = |&(index, hash): &(Index, u64)| committed(index) != Some(hash);
        for entry in self.told.iter().filter(|entry| lost(entry)) {
            let (index, hash) = entry;
            let gone = self.gone.get(index).is_some_and(|hashes| hashes.contains(hash));
            if !gone && !self.aside.contains(entry) {
                return Err(format!(
                    "entry {index} was acknowledged to a client and is lost without a trace"
                ));
            }
        }
        Ok(())
    }
}

/// What a process has executed ahead of its commit: the entries and the digests after them.
pub type Early = VecDeque<(Entry, u64)>;

/// Whether the machine says of a command that it must not be lost.
pub(crate) fn requires_commit(entry: &Entry) -> bool {
    entry.kind == Kind::Command && payload_requires_commit(&entry.payload)
}

/// Whether it goes on while the disk is full.
pub(crate) fn is_upkeep(payload: &[u8]) -> bool {
    Command::decode(payload).is_ok_and(|command| command.is_upkeep())
}

pub(crate) fn payload_requires_commit(payload: &[u8]) -> bool {
    Command::decode(payload).is_ok_and(|command| command.requires_commit())
}
