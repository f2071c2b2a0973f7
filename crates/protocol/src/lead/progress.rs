//! How far a follower's copy of the log goes, and what was sent to it.

use std::collections::VecDeque;

use crate::{Entry, Index, Position};

/// How far a follower's copy goes. What is *match* elsewhere is `acked` here, and *next* is the entry after `sent`.
pub(super) struct Progress {
    /// End of what it said is durable there; it only grows, and stays true while it is away. While entries are
    /// sent, `acked <= sent`: nothing is acknowledged that was not sent.
    acked: Index,
    /// End of what it said, as a member, is in its memory. Stays true while it is away, and ends with
    /// its life. Counts where it is more than `acked`.
    received: Index,
    /// When `acked` last moved, or had nothing to move to. A new stream does not restart it.
    moved: u64,
    /// The end of what was sent on this stream.
    sent: Position,
    /// Messages sent and not verified there: `(last index, bytes)`, in order. A follower is sent nothing while they
    /// have more than [`crate::Limits::flight_bytes`].
    flight: VecDeque<(Index, usize)>,
    /// Bytes of all of them.
    flight_bytes: usize,
}

impl Progress {
    pub fn new(now: u64) -> Self {
        Progress {
            acked: 0,
            received: 0,
            moved: now,
            sent: Position::default(),
            flight: VecDeque::new(),
            flight_bytes: 0,
        }
    }

    /// The same on a new stream. What was in an earlier life's memory is not there any more: but for what it was
    /// already counted for, since a copy that lost some of that does not come back (rule 11).
    pub fn reconnected(&self, same_life: bool, commit: Index) -> Self {
        let received = if same_life { self.received } else { self.received.min(commit) };
        Progress {
            acked: self.acked,
            received: received.max(self.acked),
            ..Progress::new(self.moved)
        }
    }

    pub fn disconnect(&mut self) {
        self.flight.clear();
        self.flight_bytes = 0;
    }

    pub fn acked(&self) -> Index {
        self.acked
    }

    pub fn moved(&self) -> u64 {
        self.moved
    }

    pub fn sent(&self) -> Position {
        self.sent
    }

    pub fn flight_bytes(&self) -> usize {
        self.flight_bytes
    }

    /// How far its copy counts.
    pub fn held(&self, received: bool) -> Index {
        if received { self.received.max(self.acked) } else { self.acked }
    }

    /// The same where memory has counted up to `by_receipt`.
    pub fn held_as_of(&self, by_receipt: Index) -> Index {
        self.acked.max(self.received.min(by_receipt))
    }

    /// Where sending goes on.
    pub fn send_after(&mut self, position: Position) {
        self.sent = position;
    }

    /// Entries were sent.
    pub fn send(&mut self, entries: &[Entry]) {
        let Some(last) = entries.last() else { return };
        let bytes = entries.iter().map(Entry::weight).sum();
        self.sent = last.position();
        self.flight.push_back((last.index, bytes));
        self.flight_bytes += bytes;
    }

    /// What it said is durable there.
    pub fn acknowledge(&mut self, durable: Index, now: u64) {
        if durable > self.acked {
            self.acked = self.acked.max(durable.min(self.sent.index));
            self.moved = now;
        }
    }

    /// What it has verified to be this primary's log.
    pub fn verify(&mut self, index: Index) {
        while let Some(&(last, bytes)) = self.flight.front()
            && last <= index
        {
            self.flight.pop_front();
            self.flight_bytes -= bytes;
        }
    }

    /// What it said is in its memory, as a member.
    pub fn receive(&mut self, verified: Index) {
        self.received = self.received.max(verified.min(self.sent.index));
    }

    /// No member any more: only what is durable stays.
    pub fn drop_received(&mut self) {
        self.received = self.acked;
    }

    /// There is nothing that `acked` could move to.
    pub fn is_complete(&mut self, last: Index, now: u64) {
        if self.acked >= last {
            self.moved = now;
        }
    }

    pub fn forgive(&mut self, pause: u64) {
        self.moved += pause;
    }

    /// A wrong version: what another copy acknowledged.
    pub fn count_as_acked(&mut self, index: Index) {
        self.acked = index;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Time};

    #[test]
    fn no_more_is_acknowledged_than_was_sent() {
        let mut progress = Progress::new(0);
        let first =
            Entry::after(Position::default(), 1, Time::default(), Kind::Tick, Default::default());
        progress.send(std::slice::from_ref(&first));
        progress.acknowledge(7, 5);
        progress.receive(9);
        assert_eq!((progress.acked(), progress.held(true), progress.moved()), (1, 1, 5));
        progress.acknowledge(0, 6);
        assert_eq!((progress.acked(), progress.moved()), (1, 5), "it only grows");
    }

    #[test]
    fn another_life_has_in_memory_what_was_committed_alone() {
        let mut progress = Progress::new(0);
        progress.send_after(Position { index: 9, ..Position::default() });
        progress.receive(9);
        assert_eq!(progress.reconnected(true, 4).held(true), 9);
        assert_eq!(progress.reconnected(false, 4).held(true), 4);
        assert_eq!(progress.held(false), 0);
        progress.drop_received();
        assert_eq!(progress.held(true), 0);
    }
}
