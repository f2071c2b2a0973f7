//! The register: one record that changes only by test-and-set, and the requests on their way to it.

use std::fmt;

use crate::names::{Copied, Members};

/// One more than the highest epoch that a register has room for.
pub const EPOCHS: usize = 8;

/// The most requests that a register has room for.
pub const REQUESTS: usize = 6;

/// What the register says; without an epoch, nothing. Its author is the primary that it names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Record {
    /// Counts the writes of the register, which makes it the version of rule 1, too.
    pub epoch: u8,
    /// The copy that may act.
    pub primary: Copied,
    /// Those that hold every committed entry.
    pub members: Members,
    /// The commit index at this write.
    pub floor: u8,
    /// The nonce: the author's life and the number of its attempt at this epoch.
    pub nonce: (u8, u8),
    /// How often the register or a disk had gone back when it was written: a part of the nonce, too.
    pub era: u8,
}

impl Record {
    /// Whether there is one.
    pub fn is_some(&self) -> bool {
        self.epoch > 0
    }

    /// The epoch of the record that an attempt to write this one is based on.
    pub fn base(&self) -> u8 {
        self.epoch - 1
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "epoch {}{}: primary {}, members {}, floor {}",
            self.epoch,
            if self.era > 0 { "'" } else { "" },
            self.primary,
            self.members,
            self.floor
        )
    }
}

/// The register and its surroundings.
///
/// A request is in `requests` from its sending until it cannot land any more. It lands at any time
/// or never, which covers one that is delayed, lost, sent twice, and one whose author is long dead.
/// What answers say is read off `records`: that is the register's past as far as anyone may still
/// be told about it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Register {
    /// The epoch it says now.
    pub epoch: u8,
    /// By epoch.
    pub records: [Record; EPOCHS],
    /// Sorted, without gaps; a default record is none.
    pub requests: [Record; REQUESTS],
}

impl Register {
    /// What it says now.
    pub fn now(&self) -> Record {
        self.at(self.epoch)
    }

    /// What it said in `epoch`.
    pub fn at(&self, epoch: u8) -> Record {
        self.records[usize::from(epoch)]
    }

    /// Changes it to `record`.
    pub fn set(&mut self, record: Record) {
        self.epoch = record.epoch;
        self.records[usize::from(record.epoch)] = record;
    }

    /// The requests on their way.
    pub fn on_the_way(&self) -> impl Iterator<Item = Record> {
        self.requests.into_iter().filter(Record::is_some)
    }

    /// Puts a request on its way.
    pub fn send(&mut self, record: Record) {
        let free = self.requests.iter_mut().find(|request| !request.is_some());
        *free.expect("the bounds keep the requests few") = record;
        self.sort();
    }

    /// Forgets requests that are not to be kept.
    pub fn retain(&mut self, keep: impl Fn(&Record) -> bool) {
        for request in &mut self.requests {
            if request.is_some() && !keep(request) {
                *request = Record::default();
            }
        }
        self.sort();
    }

    /// The order of requests means nothing, so equal sets are made equal states.
    pub fn sort(&mut self) {
        self.requests.sort_unstable_by(|a, b| b.cmp(a));
    }
}
