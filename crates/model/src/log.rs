//! A log short enough to be compared entry by entry: equal entries stand for equal hashes (rule 9).

use std::fmt;

/// The most entries that a log has room for.
pub const LENGTH: usize = 8;

/// An entry: the epoch it was made in, whether under a register that had gone back, and the client's write it
/// carries, 0 for an opening entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Entry(u8);

impl Entry {
    /// An entry of `epoch` with the client's write number `value`.
    pub fn new(epoch: u8, value: u8) -> Self {
        assert!(epoch < 8 && value < 16, "the bounds keep epochs and writes small");
        Entry(epoch << 4 | value)
    }

    /// The same under a register that had gone back `era` times: another entry.
    pub fn of(self, era: u8) -> Self {
        Entry(self.0 | era << 7)
    }

    /// The epoch it was made in.
    pub fn epoch(self) -> u8 {
        self.0 >> 4 & 7
    }

    /// Whether a client waits for it.
    pub fn is_write(self) -> bool {
        self.0 & 15 != 0
    }
}

/// The entries from index 1 on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Log {
    entries: [Entry; LENGTH],
    length: u8,
}

impl Log {
    /// Index of the last entry, 0 when there is none.
    pub fn last(&self) -> u8 {
        self.length
    }

    /// Whether one more entry fits.
    pub fn has_room(&self) -> bool {
        usize::from(self.length) < LENGTH
    }

    /// The entries in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries[..usize::from(self.length)]
    }

    /// The epoch of the entry at `index`, 0 for none.
    pub fn epoch_at(&self, index: u8) -> u8 {
        let at = usize::from(index).checked_sub(1);
        at.and_then(|at| self.entries().get(at)).map_or(0, |entry| entry.epoch())
    }

    /// Appends `entry`.
    pub fn push(&mut self, entry: Entry) {
        self.entries[usize::from(self.length)] = entry;
        self.length += 1;
    }

    /// Cuts everything after `index`.
    pub fn truncate(&mut self, index: u8) {
        for entry in self.entries.iter_mut().skip(usize::from(index)) {
            *entry = Entry::default();
        }
        self.length = self.length.min(index);
    }

    /// The prefix up to `index`.
    pub fn prefix(&self, index: u8) -> Log {
        let mut log = *self;
        log.truncate(index);
        log
    }

    /// How many entries from the first on are the same.
    pub fn common(&self, other: &Log) -> u8 {
        let pairs = self.entries().iter().zip(other.entries());
        pairs.take_while(|(mine, theirs)| mine == theirs).count() as u8
    }

    /// Whether this log begins with all of `other`.
    pub fn begins_with(&self, other: &Log) -> bool {
        self.common(other) == other.last()
    }

    /// Whether some index has one epoch and two entries in the two logs.
    pub fn contradicts(&self, other: &Log) -> bool {
        let mut pairs = self.entries().iter().zip(other.entries());
        pairs.any(|(mine, theirs)| mine != theirs && mine.epoch() == theirs.epoch())
    }

    /// Index of the last client's write at or before `index` and from `from` on, 0 for none.
    pub fn last_write(&self, from: u8, index: u8) -> u8 {
        (from.max(1)..=index.min(self.length))
            .rev()
            .find(|at| self.entries[usize::from(*at) - 1].is_write())
            .unwrap_or(0)
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: Vec<String> = self
            .entries()
            .iter()
            .map(|entry| {
                let era = if entry.0 & 128 != 0 { "'" } else { "" };
                match entry.0 & 15 {
                    0 => format!("open@{}{era}", entry.epoch()),
                    value => format!("w{value}@{}{era}", entry.epoch()),
                }
            })
            .collect();
        write!(f, "[{}]", text.join(" "))
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
