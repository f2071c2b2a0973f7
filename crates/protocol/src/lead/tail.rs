//! What a primary has appended and not committed, and how far of that `async` lets it execute.

use std::collections::VecDeque;

use understudy_evidence::{correct, reached};

use crate::{Entry, Index};

/// The entries after the commit index that this primary appended in this term.
#[derive(Default)]
pub(super) struct Tail {
    /// In order, without gaps.
    entries: VecDeque<Uncommitted>,
    /// Of all of them.
    bytes: usize,
    /// End of what may be executed ahead of its commit.
    reach: Index,
    /// Bytes of those up to there, so `ahead <= bytes`.
    ahead: usize,
}

struct Uncommitted {
    index: Index,
    bytes: usize,
    /// When it was appended, in [`crate::Now::mono`]'s terms.
    since: u64,
    /// It is executed once it is committed, whatever the mode.
    requires_commit: bool,
}

impl Tail {
    pub fn push(&mut self, entry: &Entry, since: u64, requires_commit: bool) {
        let (index, bytes) = (entry.index, entry.weight());
        self.entries.push_back(Uncommitted { index, bytes, since, requires_commit });
        self.bytes += bytes;
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Forgets what is committed.
    pub fn settle(&mut self, commit: Index) {
        while let Some(entry) = self.entries.front().filter(|entry| entry.index <= commit) {
            self.bytes -= entry.bytes;
            if entry.index <= self.reach {
                self.ahead -= entry.bytes;
            }
            self.entries.pop_front();
        }
        self.reach = self.reach.max(commit);
    }

    /// Takes in what may be executed ahead: up to `end`, `bytes` of it at most, nothing after an entry that requires
    /// its commit, and nothing more while the oldest was appended before `oldest`.
    pub fn speculate(&mut self, end: Index, bytes: u64, oldest: u64) -> Index {
        let Some(first) = self.entries.front().map(|entry| entry.index) else { return self.reach };
        if self.entries.front().is_some_and(|entry| entry.since < oldest) {
            reached!("async waited for an old tail");
            return self.reach;
        }
        while self.reach < end {
            let at = usize::try_from(self.reach + 1 - first).unwrap_or(usize::MAX);
            let Some(next) = self.entries.get(at) else { break };
            if correct!(next.requires_commit, "firm-entries-ahead" => false) {
                break;
            }
            let too_long = (self.ahead + next.bytes) as u64 > bytes;
            if correct!(too_long, "tail-unbounded" => false) {
                reached!("async waited for a long tail");
                break;
            }
            self.ahead += next.bytes;
            self.reach = next.index;
        }
        self.reach
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{Kind, Position, Time};

    /// Ten entries of 100 bytes, appended a second apart; the fourth requires its commit.
    fn tail() -> Tail {
        let (mut tail, mut last) = (Tail::default(), Position::default());
        for second in 1..=10 {
            let payload = Bytes::from(vec![0; 36]);
            let entry = Entry::after(last, 1, Time::default(), Kind::Command, payload);
            last = entry.position();
            tail.push(&entry, second, second == 4);
        }
        tail
    }

    #[test]
    fn it_executes_ahead_as_far_as_bytes_and_age_allow() {
        let mut tail = tail();
        assert_eq!(tail.speculate(10, 250, 0), 2, "two of them have 200 bytes");
        assert_eq!(tail.speculate(10, 250, 0), 2, "and no more when it is asked again");
        tail.settle(1);
        assert_eq!(tail.speculate(2, 250, 0), 2, "not beyond the disk");
        assert_eq!(tail.speculate(10, 250, 2), 3, "one is committed, another takes its place");
        tail.settle(2);
        assert_eq!(tail.speculate(10, 1000, 4), 3, "the oldest is too old");
        assert_eq!((tail.len(), tail.bytes), (8, 800));
    }

    #[test]
    fn nothing_is_executed_ahead_of_an_entry_that_requires_its_commit() {
        let mut tail = tail();
        assert_eq!(tail.speculate(10, 10_000, 0), 3);
        tail.settle(3);
        assert_eq!(tail.speculate(10, 10_000, 0), 3);
        tail.settle(4);
        assert_eq!(tail.speculate(10, 300, 0), 7, "what is committed counts no more");
        tail.settle(10);
        assert_eq!((tail.speculate(10, 300, 0), tail.bytes, tail.ahead), (10, 0, 0));
    }
}
