//! What a replica does with its memory: a share for each who takes some, all of them bounded, and the rest is
//! for what the store holds. See docs/limits.md.

mod limit;

use std::path::Path;

use understudy_protocol::Limits;

use crate::options::Options;

const MIB: u64 = 1 << 20;
/// From here on a number stands for "as much as there is".
const UNLIMITED: u64 = 1 << 60;
/// The least with which every share is large enough for its work.
const LEAST: u64 = 256 * MIB;
/// The program itself, and what it needs for whatever it does.
const PROGRAM: u64 = 32 * MIB;

/// How much memory this process may take, and who says so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Limit {
    pub bytes: u64,
    pub whence: String,
}

/// The shares, bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shares {
    /// All of them.
    pub limit: u64,
    /// What connections of clients have on its way.
    pub clients: u64,
    /// The same of the peers' port.
    pub peers: u64,
    /// Log that is in memory: the newest entries while it runs; those after the newest snapshot when it
    /// begins.
    log: u64,
    /// What a snapshot that is being written keeps, and the store does not have any more.
    pub snapshot: u64,
    /// What the store holds.
    pub store: u64,
}

/// There is less than a replica needs.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{} MiB of memory ({whence}) are too few for a replica: give it {} MiB at least, see docs/limits.md",
    bytes / MIB,
    LEAST / MIB
)]
pub struct TooLittle {
    bytes: u64,
    whence: String,
}

impl Limit {
    /// What the options say, or else what the process may have.
    pub fn of(options: &Options) -> Limit {
        let unknown = || Limit { bytes: UNLIMITED, whence: "nobody says how many".into() };
        match options.memory_limit {
            0 => limit::found(Path::new("/")).unwrap_or_else(unknown),
            bytes => Limit { bytes: bytes.min(UNLIMITED), whence: "option memory-limit".into() },
        }
    }

    /// Says what there is.
    pub fn announce(&self, name: &str, shares: &Shares) {
        if shares.is_limited() {
            let (all, store) = (self.bytes / MIB, shares.store / MIB);
            let whence = &self.whence;
            tracing::info!(
                replica = %name,
                "{all} MiB of memory ({whence}), of which {store} MiB are for the store"
            );
        }
    }

    /// Parts it. Each share but the last grows with the whole up to what is ever needed.
    ///
    /// # Errors
    /// If there is too little.
    pub fn part(&self) -> Result<Shares, TooLittle> {
        let limit = self.bytes;
        if limit < LEAST {
            return Err(TooLittle { bytes: limit, whence: self.whence.clone() });
        }
        let share = |part: u64, most: u64| (limit / part).min(most * MIB);
        let (clients, peers, connected) = (share(8, 128), share(16, 64), share(16, 64));
        let (log, snapshot) = (share(8, 128), share(16, 128));
        let store = limit - PROGRAM - clients - peers - connected - log - snapshot;
        let store = store / MIB * MIB;
        Ok(Shares { limit, clients, peers, log, snapshot, store })
    }
}

impl Shares {
    /// Whether it is known how much there is.
    pub fn is_limited(&self) -> bool {
        self.limit < UNLIMITED
    }

    /// Bytes of executed log between two snapshots: the log after the newest one is read into memory when
    /// a life begins. What comes while the next is written finds room in the connections' share, which
    /// nobody takes then.
    pub fn snapshot_bytes(&self, wanted: u64) -> u64 {
        wanted.min(self.log)
    }

    /// What the protocol keeps in memory, within the share of the log. A backup that executes nothing keeps
    /// the log between two snapshots, twice over and once for what comes while one is under way, and has no clients.
    pub fn limits(&self, snapshot_bytes: u64, usual: Limits) -> Limits {
        let within = |usual: usize, most: u64| usual.min(bytes(most));
        Limits {
            window_bytes: within(usual.window_bytes, self.log / 4),
            tail_bytes: within(usual.tail_bytes, self.log / 2),
            flight_bytes: within(usual.flight_bytes, self.log / 8),
            deferred_bytes: within(
                usual.deferred_bytes,
                snapshot_bytes.saturating_mul(4).min(self.clients + self.peers + self.log / 2),
            ),
            ..usual
        }
    }
}

/// A share as a length.
pub(crate) fn bytes(share: u64) -> usize {
    usize::try_from(share).unwrap_or(usize::MAX)
}

/// Bytes of memory that this process has in use now; 0 where that cannot be told.
pub(crate) fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn limit(mib: u64) -> Limit {
        Limit { bytes: mib * MIB, whence: "a test".into() }
    }

    #[test]
    fn all_shares_together_are_the_whole_and_the_store_has_most() {
        for mib in [256, 700, 1000, 2048, 65_536] {
            let all = limit(mib).part().unwrap();
            let Shares { clients, peers, log, snapshot, store, .. } = all;
            let rest = PROGRAM + clients + peers + peers.min(64 * MIB) + log + snapshot;
            assert_eq!((rest + store).div_ceil(MIB), mib);
            assert!(store >= mib * MIB * 2 / 5, "{all:?}");
            let limits = all.limits(u64::MAX, Limits::default());
            assert!((limits.window_bytes + limits.tail_bytes) as u64 <= log, "{limits:?}");
            let deferred = (limits.window_bytes + limits.deferred_bytes) as u64;
            assert!(deferred <= clients + peers + log, "{limits:?}");
            assert!(limits.flight_bytes >= 4 << 20, "a request of 4 MiB is on its way alone");
        }
    }

    #[test]
    fn with_much_memory_everything_is_as_large_as_it_ever_is() {
        let all = limit(8192).part().unwrap();
        let (limits, usual) = (all.limits(1 << 26, Limits::default()), Limits::default());
        assert_eq!(
            (limits.window_bytes, limits.tail_bytes, limits.flight_bytes, limits.deferred_bytes),
            (usual.window_bytes, usual.tail_bytes, usual.flight_bytes, usual.deferred_bytes)
        );
        assert_eq!((all.clients, all.peers), (128 * MIB, 64 * MIB));
        assert_eq!(all.snapshot_bytes(64 * MIB), 64 * MIB);
    }

    #[test]
    fn too_little_is_refused_with_what_is_needed() {
        let why = limit(255).part().unwrap_err().to_string();
        assert_eq!(
            why,
            "255 MiB of memory (a test) are too few for a replica: give it 256 MiB at least, see \
             docs/limits.md"
        );
    }

    #[test]
    fn what_is_resident_can_be_told_here() {
        assert!(resident() > MIB);
    }
}
