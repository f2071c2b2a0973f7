//! How far the exploration goes: every number here bounds something that the protocol leaves open.

use std::fmt;

use crate::log::LENGTH;
use crate::names::{Copied, Members, SLOTS};
use crate::register::{EPOCHS, REQUESTS};

/// Where a configuration begins and how much of everything it may see. What is bounded by a total
/// may happen at any time until the total is spent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Replicas, 2 or 3.
    pub replicas: usize,
    /// How many of them, from `a` on, the first record names; the others are blank learners.
    pub named: usize,
    /// The highest epoch that anyone tries to write.
    pub epochs: u8,
    /// Requests that are on their way to the register at once.
    pub requests: usize,
    /// Clients' writes, in total.
    pub writes: u8,
    /// Clients' reads, in total; one at a time waits at a replica.
    pub reads: u8,
    /// Crashes, in total; each is followed by a new life. Lives that rule 6 ends are not counted.
    pub crashes: u8,
    /// Wiped disks, in total.
    pub wipes: u8,
    /// Reads of the register whose answer may be late, in total; the others are answered at once.
    pub late_answers: u8,
    /// Rounds that a primary in `async` mode starts unasked, in total; 0: the mode is `sync`.
    pub evidence: u8,
    /// Broken streams, in total, besides those that end with a life or a change of primary.
    pub breaks: u8,
    /// How often the register goes back to an earlier record, or a disk to the birth, while all are down: 0 or 1.
    pub rewinds: u8,
    /// Whether a message may carry a part of what there is to send, down to nothing but the round.
    pub split: bool,
    /// Whether a deposed primary with nothing pending may follow in the same life (rule 6's exception,
    /// wherever it applies and not only after a seal).
    pub hand_over: bool,
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bounds { replicas, named, epochs, requests, writes, reads, .. } = self;
        write!(f, "{replicas} replicas, {named} named, epochs to {epochs}")?;
        let totals = [
            (*requests as u8, "request", "s"),
            (*writes, "write", "s"),
            (*reads, "read", "s"),
            (self.crashes, "crash", "es"),
            (self.wipes, "wipe", "s"),
            (self.late_answers, "late answer", "s"),
            (self.breaks, "break", "s"),
            (self.rewinds, "rewind", "s"),
            (self.evidence, "evidence round", "s"),
        ];
        for (number, what, plural) in totals.into_iter().filter(|(number, ..)| *number > 0) {
            write!(f, ", {number} {what}{}", if number == 1 { "" } else { plural })?;
        }
        let flags = [(self.split, "split messages"), (self.hand_over, "handover")];
        flags.into_iter().filter(|(on, _)| *on).try_for_each(|(_, what)| write!(f, ", {what}"))
    }
}

/// Messages on their way in each direction of a stream.
pub const IN_FLIGHT: usize = 1;

impl Bounds {
    /// Panics where a state has no room for what these bounds allow.
    pub fn check(&self) {
        let Bounds { replicas, named, epochs, requests, writes, wipes, .. } = *self;
        assert!((2..=SLOTS).contains(&replicas) && (1..=replicas).contains(&named));
        assert!(usize::from(epochs) < EPOCHS && requests <= REQUESTS && wipes < 4);
        assert!(self.rewinds <= 1, "an entry tells two eras apart");
        assert!(usize::from(epochs + writes) <= LENGTH, "an opening entry for each epoch, too");
    }

    /// Whether primaries answer ahead of the commit.
    pub fn ahead(&self) -> bool {
        self.evidence > 0
    }

    /// Whether `b` and `c` begin alike, so that what one can do the other can.
    pub fn backups_alike(&self) -> bool {
        self.replicas == 3 && self.named != 2
    }

    /// The members of the first record.
    pub fn founders(&self) -> Members {
        (0..self.named).map(|slot| Copied::new(slot, 0)).collect()
    }
}
