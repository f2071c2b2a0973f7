//! One client's window of answered mutations.

use bytes::Bytes;
use imbl::OrdMap;

use super::deadlines::Life;
use super::held::Held;

/// How many sequences after the trim mark a session accepts.
pub const WINDOW: u64 = 1024;

/// A session that is alive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Session {
    pub life: Life,
    /// Sequences up to this one are never executed any more.
    pub trim: u64,
    /// Answers by sequence: all within `trim + 1 ..= trim + WINDOW`.
    pub held: OrdMap<u64, Held>,
    /// Bytes of their responses.
    pub held_bytes: u64,
    /// Whose share it counts for.
    pub owner: Bytes,
}

impl Session {
    pub fn new(life: Life, owner: Bytes) -> Self {
        Session { life, trim: 0, held: OrdMap::new(), held_bytes: 0, owner }
    }

    /// The highest sequence within the window, given a trim mark.
    pub fn window_end(trim: u64) -> u64 {
        trim.saturating_add(WINDOW)
    }

    /// Raises the trim mark and forgets what lies at or below it; returns the bytes freed.
    pub fn trim_to(&mut self, trim: u64) -> u64 {
        debug_assert!(trim >= self.trim, "the trim mark goes back from {} to {trim}", self.trim);
        self.trim = trim;
        let mut freed = 0;
        while let Some(&(sequence, _)) = self.held.get_min()
            && sequence <= self.trim
        {
            freed += self.held.remove(&sequence).map_or(0, |held| held.weight());
        }
        self.held_bytes -= freed;
        freed
    }

    pub fn hold(&mut self, sequence: u64, held: Held) {
        self.held_bytes += held.weight();
        let before = self.held.insert(sequence, held);
        debug_assert!(before.is_none(), "sequence {sequence} was executed twice");
    }
}
