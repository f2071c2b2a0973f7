//! Reads that wait for a round (rule 10), and how lately a round began: what `async` rests on (ADR 26).
//!
//! A successor answers nothing before its opening entry is committed, so not before this primary has been
//! silent for the successor's `drop`. A read round that everybody obliged has confirmed says that they
//! heard this primary after the round began. So while that is well less than `drop` ago, whatever
//! has arrived here arrived before a successor answered anything.

use std::collections::VecDeque;

use understudy_evidence::correct;

use crate::{RequestId, Round};

/// Read rounds, and the reads that wait for one.
#[derive(Default)]
pub(super) struct Reads {
    /// The newest round that has begun; only one that everybody obliged has confirmed is followed by another, but
    /// for `async`, which asks anew in time.
    round: Round,
    /// When it began, and the one before it: `None` before there was one.
    began: Option<u64>,
    before: Option<u64>,
    /// The reads, each with the round that it needs, which is at most one more than `round`; in order of both.
    waiting: VecDeque<(Round, RequestId)>,
}

impl Reads {
    pub fn round(&self) -> Round {
        self.round
    }

    pub fn began(&self) -> Option<u64> {
        self.began
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// They need a round that begins after they arrived.
    pub fn ask(&mut self, reads: Vec<RequestId>) {
        let needed = correct!(self.round + 1, "round-of-the-past" => self.round);
        self.waiting.extend(reads.into_iter().map(|id| (needed, id)));
    }

    /// Whether some need a round that has not begun.
    pub fn need_another_round(&self) -> bool {
        self.waiting.back().is_some_and(|(needed, _)| *needed > self.round)
    }

    pub fn begin_round(&mut self, now: u64) {
        self.round += 1;
        self.before = self.began.replace(now);
    }

    /// When the newest round began of which that one and all before it are confirmed; only the newest two count.
    pub fn confirmed_since(&self, confirmed: Round) -> Option<u64> {
        match self.round - confirmed {
            0 => self.began,
            1 => self.before,
            _ => None,
        }
    }

    /// Those whose round is confirmed.
    pub fn take_confirmed(&mut self, confirmed: Round) -> Vec<RequestId> {
        let ready = self.waiting.partition_point(|(needed, _)| *needed <= confirmed);
        self.waiting.drain(..ready).map(|(_, id)| id).collect()
    }

    pub fn take_all(&mut self) -> Vec<RequestId> {
        self.waiting.drain(..).map(|(_, id)| id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_newest_rounds_are_evidence_and_each_since_it_began() {
        let mut reads = Reads::default();
        assert_eq!(reads.confirmed_since(0), None, "no round has begun");
        reads.begin_round(100);
        assert_eq!(reads.confirmed_since(0), None);
        assert_eq!(reads.confirmed_since(1), Some(100));
        reads.begin_round(200);
        assert_eq!((reads.confirmed_since(1), reads.confirmed_since(2)), (Some(100), Some(200)));
        reads.begin_round(300);
        assert_eq!(reads.confirmed_since(1), None, "one that has joined, or hung up meanwhile");
    }

    #[test]
    fn a_read_needs_a_round_that_begins_after_it_arrived() {
        let mut reads = Reads::default();
        reads.begin_round(100);
        reads.ask(vec![RequestId(1)]);
        assert!(reads.need_another_round());
        assert_eq!(reads.take_confirmed(1), []);
        reads.begin_round(200);
        reads.ask(vec![RequestId(2)]);
        assert_eq!(reads.take_confirmed(2), [RequestId(1)]);
        assert_eq!(reads.take_all(), [RequestId(2)]);
    }
}
