//! What the log held when a life began.

use bytes::Bytes;
use understudy_protocol::{Entry, Epoch, Index, Position};

/// What the log held.
#[derive(Default)]
pub(crate) struct Replayed {
    /// The runs of one epoch, oldest first: `(epoch, last index)`.
    pub runs: Vec<(Epoch, Index)>,
    /// The entries after the snapshot.
    pub entries: Vec<Entry>,
    /// The log's position where the snapshot ends, if it reaches that far.
    pub base: Option<Position>,
    /// Up to here the last segment holds remains of records that count for nothing.
    pub wipe: u64,
}

impl Replayed {
    pub fn take(&mut self, entry: Entry, base: Index) {
        match self.runs.last_mut() {
            Some((epoch, last)) if *epoch == entry.epoch => *last = entry.index,
            _ => self.runs.push((entry.epoch, entry.index)),
        }
        self.pass(entry.position(), base);
        if entry.index > base {
            // A copy of its own: a slice would keep the whole segment in memory.
            let payload = Bytes::copy_from_slice(&entry.payload);
            self.entries.push(Entry { payload, ..entry });
        }
    }

    pub fn pass(&mut self, position: Position, base: Index) {
        if position.index == base {
            self.base = Some(position);
        }
    }
}
