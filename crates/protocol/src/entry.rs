//! The log entry: identified for ever by `(index, epoch)`, chained by a running hash.

use bytes::Bytes;
use twox_hash::XxHash3_64;

use crate::{Epoch, Index};

/// The end of a prefix of the log. Equal positions mean equal prefixes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Position {
    /// Index of the prefix's last entry, 0 for the empty prefix.
    pub index: Index,
    /// Epoch of that entry.
    pub epoch: Epoch,
    /// Running hash over the whole prefix.
    pub hash: u64,
}

/// The two clocks that a log entry carries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Time {
    /// The primary's wall clock, nanoseconds since 1970, never running backwards along the log: after a
    /// clock that ran ahead it goes on a tenth slower than elapsed time.
    pub wall: u64,
    /// Nanoseconds for which primaries have acted and their loops run, added up over the log's whole
    /// life. Expiry counts this one: a clock jump, an outage or a pause adds nothing to it.
    pub elapsed: u64,
}

/// What an entry is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Kind {
    /// Opens an epoch: the first entry of a new primary. Empty payload.
    Open = 1,
    /// A client's operation: the payload belongs to the machine.
    Command = 2,
    /// Lets logged time pass, so that due deadlines fire. Empty payload.
    Tick = 3,
    /// Changes the cluster's settings: the payload is an encoded [`crate::Settings`].
    Settings = 4,
}

impl Kind {
    /// The kind with this number on the wire or on disk, `None` for an unknown one.
    pub fn from_u8(n: u8) -> Option<Self> {
        Some(match n {
            1 => Kind::Open,
            2 => Kind::Command,
            3 => Kind::Tick,
            4 => Kind::Settings,
            _ => return None,
        })
    }
}

/// One entry of the log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Entry {
    /// Its place in the log, from 1, without gaps.
    pub index: Index,
    /// Epoch of the primary that appended it.
    pub epoch: Epoch,
    /// When.
    pub time: Time,
    /// What for.
    pub kind: Kind,
    /// Bytes that `kind` explains.
    pub payload: Bytes,
    /// Running hash of the log up to and including this entry.
    pub hash: u64,
}

impl Entry {
    /// The entry that follows `previous`.
    pub fn after(previous: Position, epoch: Epoch, time: Time, kind: Kind, payload: Bytes) -> Self {
        let index = previous.index + 1;
        let hash = chain(previous.hash, index, epoch, time, kind, &payload);
        Entry { index, epoch, time, kind, payload, hash }
    }

    /// The end of the prefix that this entry closes.
    pub fn position(&self) -> Position {
        Position { index: self.index, epoch: self.epoch, hash: self.hash }
    }

    /// Whether this entry, as it stands, is what followed `previous` where it was written.
    pub fn follows(&self, previous: Position) -> bool {
        self.index == previous.index + 1
            && self.epoch >= previous.epoch
            && self.hash
                == chain(previous.hash, self.index, self.epoch, self.time, self.kind, &self.payload)
    }

    /// What the entry weighs in memory and in flight, bytes.
    pub fn weight(&self) -> usize {
        self.payload.len() + 64
    }
}

fn chain(previous: u64, index: Index, epoch: Epoch, time: Time, kind: Kind, payload: &[u8]) -> u64 {
    let mut head = [0u8; 41];
    for (slot, word) in
        head.chunks_exact_mut(8).zip([previous, index, epoch, time.wall, time.elapsed])
    {
        slot.copy_from_slice(&word.to_le_bytes());
    }
    head[40] = kind as u8;
    XxHash3_64::oneshot_with_seed(XxHash3_64::oneshot(&head), payload)
}
